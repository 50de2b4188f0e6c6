"""What deploy/k8s promises before anything runs."""

from __future__ import annotations

import re
from typing import Any

import kubernetes_validate
import pytest

from config.settings import env
from deploy.local.paths import ROOT
from tests.deploy import compose, image, k8s
from tests.guards.test_settings import COMMANDS
from tests.yamls import documents

VERSIONS = ("1.31", "1.36")
PUBLIC = ["/", "/ws/watchlist", "/ws/prices", "/api/v1/securities", "/api/v1/docs",
          "/static/assets/index.js", "/admin/", "/admin"]  # fmt: skip
PRIVATE = ["/metrics", "/metrics/", "/health", "/health/ready", "/apix", "/nothing"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "manifest",
    [*k8s.manifests(), *documents(k8s.SECRET)],
    ids=lambda each: f"{each['kind']}-{each['metadata']['name']}",
)
def test_kubernetes_knows_every_field(manifest: k8s.Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_an_unknown_field_is_found() -> None:
    wrong = {**k8s.of_kind("Service")["web"], "spec": {"selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_manifest_is_applied_but_the_secret_s_example() -> None:
    (kustomization,) = documents(k8s.KUSTOMIZATION)
    there = {file.name for file in k8s.FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == there - {k8s.SECRET.name, "secret.yaml"}
    assert [each["name"] for each in kustomization["images"]] == ["tickwatch"]
    (namespace,) = k8s.of_kind("Namespace")
    assert kustomization["namespace"] == namespace
    assert documents(k8s.SECRET)[0]["metadata"]["namespace"] == namespace


def test_there_are_no_secrets_and_the_filled_in_ones_stay_out_of_git() -> None:
    (secret,) = documents(k8s.SECRET)
    assert set(secret["stringData"].values()) == {""}
    assert "Secret" not in {each["kind"] for each in k8s.manifests()}
    assert "/deploy/k8s/secret.yaml" in (ROOT / ".gitignore").read_text().splitlines()


# -- What refers to what ----------------------------------------------------------------------


def labels(name: str) -> dict[str, str]:
    found: dict[str, str] = k8s.workloads()[name]["spec"]["template"]["metadata"]["labels"]
    return found


def selected_by(selector: dict[str, str]) -> set[str]:
    """The workloads whose pods a selector means."""
    return {name for name in k8s.workloads() if selector.items() <= labels(name).items()}


@pytest.mark.parametrize("name", sorted(k8s.of_kind("Deployment")))
def test_each_deployment_selects_its_own_pods_and_no_others(name: str) -> None:
    spec = k8s.of_kind("Deployment")[name]["spec"]
    assert selected_by(spec["selector"]["matchLabels"]) == {name}
    for spread in spec["template"]["spec"].get("topologySpreadConstraints", []):
        assert selected_by(spread["labelSelector"]["matchLabels"]) == {name}


def test_service_budget_and_autoscaler_mean_the_web_pods() -> None:
    assert selected_by(k8s.of_kind("Service")["web"]["spec"]["selector"]) == {"web"}
    budget = k8s.of_kind("PodDisruptionBudget")["web"]["spec"]
    assert selected_by(budget["selector"]["matchLabels"]) == {"web"}
    target = k8s.of_kind("HorizontalPodAutoscaler")["web"]["spec"]["scaleTargetRef"]
    deployment = k8s.of_kind(target["kind"])[target["name"]]
    assert target["apiVersion"] == deployment["apiVersion"]
    assert "replicas" not in deployment["spec"], "it would undo the autoscaler's at every apply"


def test_the_figure_it_scales_by_is_one_that_the_web_server_gives() -> None:
    metrics = k8s.of_kind("HorizontalPodAutoscaler")["web"]["spec"]["metrics"]
    (name,) = [each["pods"]["metric"]["name"] for each in metrics if each["type"] == "Pods"]
    assert f'"{name}"' in (ROOT / "pricefeed" / "delivery" / "figures.py").read_text()
    annotations = k8s.workloads()["web"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(k8s.main_container("web")["ports"][0]["containerPort"]),
        "prometheus.io/path": "/metrics",
    }


def test_ports_lead_from_the_ingress_to_the_port_that_the_server_listens_on() -> None:
    container = k8s.main_container("web")
    (port,) = container["ports"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert values["PORT"] == str(port["containerPort"])
    (served,) = k8s.of_kind("Service")["web"]["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    for kind in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert container[kind]["httpGet"]["port"] == port["name"]
    for path in ingress_paths():
        assert path["backend"]["service"] == {"name": "web", "port": {"name": served["name"]}}


def ingress_paths() -> list[dict[str, Any]]:
    (rule,) = k8s.of_kind("Ingress")["web"]["spec"]["rules"]
    paths: list[dict[str, Any]] = rule["http"]["paths"]
    return paths


def is_let_in(address: str) -> bool:
    """As the Ingress' own rules say: exactly, or by whole parts of the path."""
    return any(
        address == path["path"]
        if path["pathType"] == "Exact"
        else f"{address}/".startswith(f"{path['path']}/")
        for path in ingress_paths()
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_reaches_what_is_for_it(address: str) -> None:
    assert is_let_in(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_public_reaches_nothing_else(address: str) -> None:
    assert not is_let_in(address)


def test_sockets_are_left_alone_as_long_as_behind_our_own_nginx() -> None:
    annotations = k8s.of_kind("Ingress")["web"]["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/proxy-"
    sockets = (ROOT / "deploy" / "nginx.conf").read_text().split("location /ws/")[1]
    for kind in ("read", "send"):
        (seconds,) = re.findall(rf"proxy_{kind}_timeout (\d+)s", sockets.split("}")[0])
        assert annotations[f"{prefix}{kind}-timeout"] == seconds
    assert annotations[f"{prefix}buffering"] == "off"


# -- Settings ---------------------------------------------------------------------------------


def all_containers() -> list[tuple[str, k8s.Manifest]]:
    return [(name, each) for name, load in k8s.workloads().items() for each in k8s.containers(load)]


def test_every_variable_is_a_setting_or_part_of_one() -> None:
    known = env.names | COMMANDS
    assert set(k8s.config_map()) - known == set()
    assert k8s.secret_keys() - known == set()
    for _, container in all_containers():
        variables = container.get("env", [])
        parts = set(re.findall(r"\$\((\w+)\)", " ".join(v.get("value", "") for v in variables)))
        assert {variable["name"] for variable in variables} - parts - known == set()


def test_every_container_gets_settings_and_secrets() -> None:
    (name,) = k8s.of_kind("ConfigMap")
    secret = documents(k8s.SECRET)[0]["metadata"]["name"]
    expected = [{"configMapRef": {"name": name}}, {"secretRef": {"name": secret}}]
    for workload, container in all_containers():
        assert container["envFrom"] == expected, workload


def test_what_must_be_set_is_asked_for() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= k8s.secret_keys()


# -- Coming and going -------------------------------------------------------------------------


def test_a_pod_that_leaves_has_time_to_drain_and_to_send_everybody_away() -> None:
    settings = k8s.config_map()
    drain, grace = float(settings["WEB_DRAIN_SECONDS"]), float(settings["WEB_GRACE_SECONDS"])
    pod = k8s.pod(k8s.workloads()["web"])
    assert pod["terminationGracePeriodSeconds"] >= drain + grace + 5
    probe = k8s.main_container("web")["readinessProbe"]
    noticed_after = probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert drain > noticed_after


def test_the_sockets_of_a_full_pod_can_be_sent_away_unhurried() -> None:
    from pricefeed.delivery.leaving import RETURNS_PER_SECOND

    metrics = k8s.of_kind("HorizontalPodAutoscaler")["web"]["spec"]["metrics"]
    target = int(metrics[0]["pods"]["target"]["averageValue"])
    grace = float(k8s.config_map()["WEB_GRACE_SECONDS"])
    assert target / RETURNS_PER_SECOND <= grace * 0.75


def test_a_new_web_pod_serves_before_an_old_one_leaves_and_one_beat_never_meets_another() -> None:
    deployments = k8s.of_kind("Deployment")
    for name in ("web", "worker"):
        assert deployments[name]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployments["beat"]["spec"]["replicas"] == 1
    assert deployments["beat"]["spec"]["strategy"] == {"type": "Recreate"}
    assert k8s.of_kind("PodDisruptionBudget")["web"]["spec"]["maxUnavailable"] == 1


def test_everything_but_the_migration_waits_for_it() -> None:
    waiting = {
        name: [each["command"] for each in k8s.pod(load).get("initContainers", [])]
        for name, load in k8s.workloads().items()
    }
    assert waiting.pop("migrate") == []
    for name, commands in waiting.items():
        assert [" migrate --check" in command[-1] for command in commands] == [True], name


# -- What a container may ---------------------------------------------------------------------


def test_our_pods_cannot_write_or_become_root() -> None:
    (uid,) = re.findall(r"useradd --uid (\d+)", " ".join(image.stages()["app"]))
    for name, workload in k8s.workloads().items():
        pod = k8s.pod(workload)
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == int(uid), name
        assert pod["automountServiceAccountToken"] is False, name
        for container in k8s.containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert [each["mountPath"] for each in container["volumeMounts"]] == ["/tmp"], name
            assert {"requests", "limits"} <= set(container["resources"]), name


@pytest.mark.parametrize("name", ["web", "worker", "beat", "migrate"])
def test_pods_run_the_commands_of_the_compose_file(name: str) -> None:
    secrets = dict.fromkeys(
        ("SECRET_KEY", "POSTGRES_PASSWORD", "DEMO_PASSWORD", "STAFF_PASSWORD"), "s3cret"
    )
    assert k8s.main_container(name)["command"] == compose.read(secrets)["services"][name]["command"]
