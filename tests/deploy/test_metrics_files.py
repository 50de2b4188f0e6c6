"""What deploy/ promises to those who watch it with Prometheus and Grafana."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from deploy.local.paths import ROOT
from pricefeed.delivery.figures import report
from tests.conftest import MakeSecurity
from tests.deploy import compose
from tests.yamls import document

DASHBOARD = ROOT / "deploy" / "grafana" / "tickwatch.json"
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
SECRETS = dict.fromkeys(
    ("SECRET_KEY", "POSTGRES_PASSWORD", "DEMO_PASSWORD", "STAFF_PASSWORD"), "s3cret"
)
ALL = {**SECRETS, "GRAFANA_PASSWORD": "s3cret"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24

Panel = dict[str, Any]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> list[Panel]:
    """Those that show something; rows only have a title."""
    return [each for each in dashboard()["panels"] if each["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"]


def metrics_of(text: str) -> set[str]:
    return set(re.findall(r"\b(tickwatch_\w+)", text))


@pytest.fixture
def samples(server: str, security: MakeSecurity) -> list[Sample]:
    """What Prometheus reads: there is a price, so there is its age; and somebody listens."""
    security("A", price="1")
    report([], heard_at=time.time())
    text = httpx.get(f"http://{server}/metrics").text
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


# -- The dashboard ----------------------------------------------------------------------------


def test_every_figure_of_a_panel_is_in_the_metrics(samples: list[Sample]) -> None:
    there = {each.name for each in samples}
    named = {name for expression in expressions() for name in metrics_of(expression)}
    assert len(named) > 10
    assert named - there == set()


def test_every_figure_of_ours_is_on_a_panel(samples: list[Sample]) -> None:
    named = " ".join(expressions())
    ours = {each.name for each in samples if each.name.startswith("tickwatch_")}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}
    assert {name for name in families if name not in named} == set()


def test_what_a_panel_tells_apart_are_labels_of_its_figure(samples: list[Sample]) -> None:
    labels: dict[str, set[str]] = {}
    for each in samples:
        labels.setdefault(each.name, {"job", "instance"}).update(each.labels)
    for expression in expressions():
        asked = {
            word.strip()
            for group in re.findall(r"\bby \(([^)]*)\)", expression)
            for word in group.split(",")
        }
        for name in metrics_of(expression):
            assert asked <= labels[name], expression


def test_what_every_process_knows_of_itself_is_added_up_and_nothing_else() -> None:
    """Figures read from Postgres and Redis are the same from all: their sum would be wrong."""
    of_a_process = {
        "tickwatch_connections",
        "tickwatch_connections_blocked",
        "tickwatch_connections_closed_total",
        "tickwatch_ticks_refused_total",
    }
    for expression in expressions():
        assert re.search(r"\b(sum|max|min)\b", expression), expression
        is_added_up = bool(re.search(r"\bsum\b", expression))
        assert is_added_up == bool(metrics_of(expression) & of_a_process), expression


def test_every_query_goes_to_the_chosen_prometheus_and_job() -> None:
    variables = {each["name"]: each for each in dashboard()["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["job"]["datasource"] == SOURCE
    for panel in panels():
        assert panel["datasource"] == SOURCE, panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE, panel["title"]
            selected = re.findall(r"tickwatch_\w+(\{[^}]*\})?", target["expr"])
            assert all('job=~"$job"' in each for each in selected), target["expr"]


def test_counters_are_shown_by_how_fast_they_grow() -> None:
    for expression in expressions():
        for counter in re.findall(r"tickwatch_\w+(?:_total|_bucket|_sum|_count)\b", expression):
            assert re.search(rf"\b(rate|increase)\({counter}\{{[^}}]*\}}\[", expression), expression


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    everything = dashboard()["panels"]
    assert len({each["id"] for each in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS, panel["title"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "s"}
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0


# -- In containers ----------------------------------------------------------------------------


def overlay() -> dict[str, Any]:
    return compose.read(ALL, file=compose.METRICS)


def test_it_refuses_to_start_without_a_password_for_grafana() -> None:
    with pytest.raises(compose.MissingVariable, match=r"GRAFANA_PASSWORD: .* in \.env"):
        compose.read(SECRETS, file=compose.METRICS)
    assert "GRAFANA_PASSWORD=generate" in (ROOT / ".env.example").read_text().splitlines()


def test_prometheus_asks_every_web_container_where_it_can() -> None:
    (job,) = document(ROOT / "deploy" / "prometheus.yml")["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    web = compose.read(ALL)["services"]["web"]
    assert (found["names"], found["port"]) == (["web"], int(web["environment"]["PORT"]))
    assert set(web["networks"]) <= set(overlay()["services"]["prometheus"]["networks"])


def test_only_grafana_can_be_reached_from_this_machine_and_it_reaches_prometheus_alone() -> None:
    services = overlay()["services"]
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports == {"grafana": ["127.0.0.1:3000:3000"]}
    assert set(services["grafana"]["networks"]) == {"metrics", "frontend"}
    assert overlay()["networks"] == {"metrics": {"internal": True}}
    taken = set(compose.read(ALL)["services"])
    assert not taken & set(services)


def test_every_file_that_is_mounted_is_there_and_what_is_to_be_kept_has_a_volume() -> None:
    mounts = [each for service in overlay()["services"].values() for each in service["volumes"]]
    files = [each.split(":")[0] for each in mounts if each.startswith(".")]
    assert all((ROOT / each).exists() for each in files)
    assert all(each.endswith(":ro") for each in mounts if each.startswith("."))
    assert {each.split(":")[0] for each in mounts} - set(files) == set(overlay()["volumes"])


def test_grafana_finds_its_source_and_the_dashboard() -> None:
    (source,) = document(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = document(PROVISIONING / "dashboards" / "tickwatch.yml")["providers"]
    inside = [each.split(":")[1] for each in overlay()["services"]["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/{DASHBOARD.name}" in inside
    assert "/etc/grafana/provisioning" in inside


def test_both_are_checked() -> None:
    assert all("healthcheck" in service for service in overlay()["services"].values())
