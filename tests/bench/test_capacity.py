"""Capacity: cases worked out by hand, and what must hold for any service."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.capacity import command, costs, model
from bench.capacity.costs import Costs
from bench.capacity.plan import Limits, Service
from bench.capacity.table import sections
from bench.process import BenchmarkFailed
from deploy.local.paths import ROOT
from pricefeed.delivery.layer import MESSAGES_PER_PUBLISH

ROUND = Costs(
    machine="a machine",
    date="2026-01-02",
    fan_out_us={"500": 10.0, "5000_zipf": 20.0},
    fan_in_us=1.0,
    join_ms=0.5,
    quiet_us=2.0,
    socket_kb=10.0,
    process_mb=100.0,
    frame_bytes=2000.0,
    redis_publish_bytes_per_ticker=200.0,
    last_client_ms_p99=250.0,
)
MILLION = Service(users=1_000_000)
SMALL = Service(users=1_000_000, tickers=500)
LIMITS = Limits()

services = st.builds(
    Service,
    users=st.integers(1, 100_000_000),
    per_user=st.integers(1, 200),
    tickers=st.integers(1, 20_000),
    period_seconds=st.floats(1, 60),
    moving=st.floats(0.01, 1),
)


# -- By hand ----------------------------------------------------------------------------------


def test_a_process_has_as_many_users_as_it_can_tell_within_its_share_of_the_promised_second() -> (
    None
):
    # 1 s × 60 % × (1 − 25 %) = 0.45 s; 5,000 tickers × 1 µs are 5 ms of it; 20 µs a user.
    assert model.users_per_process(ROUND, MILLION, LIMITS) == 22_250
    assert model.processes(ROUND, MILLION, LIMITS) == 45  # 44.9


def test_where_the_promise_is_generous_the_average_cpu_limits_and_then_the_open_files() -> None:
    patient = replace(LIMITS, within_seconds=60, descriptors=1_000_000)
    # 600 ms a second, less 5 ms each 5 s, by 20 µs each 5 s, 2 µs and 7.5 ms each 900 s.
    assert model.users_per_process(ROUND, MILLION, patient) == 41_790
    files = replace(patient, descriptors=30_000)
    assert model.users_per_process(ROUND, MILLION, files) == 29_744


def test_fan_out_is_taken_as_measured_for_the_two_universes_that_were() -> None:
    assert model.fan_out_us(ROUND, SMALL) == 10
    assert model.fan_out_us(ROUND, MILLION) == 20
    # Between them the dearer one; twice the tickers on a list cost half as much again.
    assert model.fan_out_us(ROUND, replace(MILLION, tickers=501)) == 20
    assert model.fan_out_us(ROUND, replace(SMALL, per_user=40)) == 15
    assert model.fan_out_us(ROUND, replace(SMALL, moving=0.5)) == 7.5


def test_average_cores_are_what_frames_renewals_and_fan_in_take() -> None:
    # A second: 1,000,000 × (4 + 2) µs, 1,000,000 / 900 × 7.5 ms, 45 × 1 ms.
    expected = 4 + 2 + 7500 / 900 + 0.045
    assert model.average_cores(ROUND, MILLION, LIMITS) == pytest.approx(expected)


def test_the_network_carries_frames_and_a_header_for_each_segment() -> None:
    # 2,000 bytes are two segments of at most 1,448.
    assert model.wire_bytes(ROUND, MILLION) == 2180
    assert model.network_out_bytes(ROUND, MILLION) == 436e6
    assert model.network_burst_bytes(ROUND, MILLION, LIMITS) == pytest.approx(2.18e9 / 0.45)


def test_hosts_are_counted_by_cores_or_by_links_whichever_asks_for_more() -> None:
    # 2.18 GB in 0.45 s are 38.8 Gbit/s; 45 processes are three times 16.
    assert model.hosts(ROUND, MILLION, LIMITS) == 4
    assert model.hosts(ROUND, MILLION, replace(LIMITS, nic_bits=100e9)) == 3


def test_memory_is_processes_boards_and_sockets() -> None:
    # 45 × 100 MB, 45 × 5,000 × 2 KB, 1,000,000 × 10 KB
    expected = 45 * 100 * 2**20 + 45 * 5000 * 2048 + 10_240_000_000
    assert model.process_memory_bytes(ROUND, MILLION, LIMITS) == expected
    assert model.kernel_memory_bytes(ROUND, MILLION, LIMITS) == 4_096_000_000 + 2_000_000_000


def test_every_process_gets_every_batch_from_redis() -> None:
    traffic = model.redis_traffic(ROUND, MILLION, LIMITS)
    assert traffic.publishes == 11 / 5  # 5,000 and two marks, 500 at a time
    assert traffic.bytes_in == 2 * 1_000_000 / 5
    assert traffic.bytes_out == 45 * 1_000_000 / 5


def test_the_batches_counted_are_those_of_the_layer() -> None:
    assert model.MESSAGES_PER_PUBLISH == MESSAGES_PER_PUBLISH


def test_one_redis_hands_a_tick_to_as_many_as_its_share_of_the_time_allows() -> None:
    # 0.15 s at 400 MB/s are 60 MB, a tick is 1 MB.
    assert model.processes_per_redis(ROUND, MILLION, LIMITS) == 60
    assert model.redis_servers(ROUND, MILLION, LIMITS) == 1
    assert model.redis_servers(ROUND, replace(MILLION, users=10_000_000), LIMITS) == 8  # of 450


def test_connections_are_those_of_web_workers_and_beat() -> None:
    assert model.postgres_connections(ROUND, MILLION, LIMITS) == 50 * 8
    assert model.redis_connections(ROUND, MILLION, LIMITS) == 50 * 6


def test_postgres_writes_a_tick_and_a_quote_for_each_change_and_two_rows_for_each_new_token() -> (
    None
):
    assert model.feed_rows(MILLION) == 2000
    assert model.feed_rows(replace(MILLION, moving=0.5)) == 1000
    nine_hundred_thousand = replace(MILLION, users=900_000)  # a thousand renewals a second
    assert model.rows_written(nine_hundred_thousand, LIMITS) == 4000
    assert model.rows_read(nine_hundred_thousand, LIMITS) == 24_000


def test_a_storm_lasts_until_the_slowest_part_has_taken_everybody_back() -> None:
    found = model.storm_seconds(ROUND, MILLION, LIMITS)
    # 22,222 sockets × 0.5 ms in what is left of a core: 1 − 14.378 / 45.
    assert found["web processes"] == pytest.approx(16.328, abs=0.001)
    assert found["Postgres"] == 105  # 21 rows each, 200,000 a second
    assert found["Redis"] == pytest.approx(0.4)


def test_parts_give_way_in_the_order_of_the_users_they_carry() -> None:
    found = {part.name: part.users for part in model.parts(ROUND, MILLION, LIMITS)}
    assert list(found.items()) == [
        (model.CONNECTIONS, (100 // 8 - 5) * 22_250),
        (model.STORM, 571_428),  # 60 s × 200,000 / 21
        (model.HANDING_OUT, 60 * 22_250),
        (model.COMMITS, 5000 * 900),
        (model.READS, 7_500_000),  # 200,000 / 24 × 900
        (model.WRITES, 21_600_000),  # (50,000 − 2,000) / 2 × 900
        (model.REDIS_LINKS, (1666 - 5) * 22_250),
    ]


def test_what_no_number_of_machines_could_do_is_said() -> None:
    crowded = replace(MILLION, tickers=500_000)
    with pytest.raises(model.Impossible, match="time to the last client"):
        model.users_per_process(ROUND, crowded, LIMITS)
    with pytest.raises(model.Impossible, match="Redis"):
        model.processes_per_redis(ROUND, replace(MILLION, tickers=400_000), LIMITS)


# -- Whatever is asked for --------------------------------------------------------------------


def all_of(service: Service) -> dict[str, float]:
    return {
        "processes": model.processes(ROUND, service, LIMITS),
        "hosts": model.hosts(ROUND, service, LIMITS),
        "memory": model.process_memory_bytes(ROUND, service, LIMITS),
        "network": model.network_out_bytes(ROUND, service),
        "Redis": model.redis_traffic(ROUND, service, LIMITS).bytes_out,
        "Redis servers": model.redis_servers(ROUND, service, LIMITS),
        "connections": model.postgres_connections(ROUND, service, LIMITS),
        "rows": model.rows_written(service, LIMITS) + model.rows_read(service, LIMITS),
    }


def assert_none_is_less(more: dict[str, float], less: dict[str, float]) -> None:
    assert [name for name, value in less.items() if more[name] < value] == []


@given(service=services, more=st.integers(1, 10_000_000))
def test_more_users_never_need_less(service: Service, more: int) -> None:
    assert_none_is_less(all_of(replace(service, users=service.users + more)), all_of(service))


@given(service=services, more=st.integers(1, 200))
def test_longer_lists_never_need_less(service: Service, more: int) -> None:
    assert_none_is_less(all_of(replace(service, per_user=service.per_user + more)), all_of(service))


@given(service=services)
def test_no_process_has_more_than_its_share_of_the_promised_time_or_too_many_files(
    service: Service,
) -> None:
    count = model.processes(ROUND, service, LIMITS)
    users = service.users / count
    seconds = (model.fan_in_us(ROUND, service) + users * model.fan_out_us(ROUND, service)) / 1e6
    assert seconds <= model.flush_seconds(LIMITS) * (1 + 1e-9)
    assert users < LIMITS.descriptors
    assert model.average_cores(ROUND, service, LIMITS) <= count


@given(service=services)
def test_a_part_that_carries_these_users_is_not_beyond_its_limit(service: Service) -> None:
    carries = {part.name: part.users for part in model.parts(ROUND, service, LIMITS)}
    if service.users <= carries[model.HANDING_OUT]:
        assert model.redis_servers(ROUND, service, LIMITS) == 1
    else:
        assert model.redis_servers(ROUND, service, LIMITS) > 1
    if service.users <= carries[model.CONNECTIONS]:
        assert model.postgres_connections(ROUND, service, LIMITS) <= LIMITS.postgres_connections


# -- The file and the command -----------------------------------------------------------------


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    return parser.parse_args(words)


def file_of(tmp_path: Path, **changes: Any) -> Path:
    import msgspec

    file = tmp_path / "costs.json"
    file.write_bytes(msgspec.json.encode({**msgspec.to_builtins(ROUND), **changes}))
    return file


def test_the_default_is_a_million_and_ten_million_side_by_side(tmp_path: Path) -> None:
    takes, gives_way = command.run(asked("--costs", str(file_of(tmp_path))))
    assert takes.columns == ("", "1,000,000 users", "10,000,000 users", "how it is known")
    rows = {row[0]: row[1:] for row in takes.rows}
    assert rows["web processes, a core each"] == ("45", "450", "extrapolated")
    assert rows["network out, average"][0] == "436 MB/s (3.5 Gbit/s)"
    assert gives_way.rows[0][:2] == (model.CONNECTIONS, "155,750")
    assert f"The first to give way is {model.CONNECTIONS}, at 155,750." in gives_way.method


def test_every_figure_says_how_it_is_known(tmp_path: Path) -> None:
    for section in command.run(asked("--costs", str(file_of(tmp_path)))):
        for row in section.rows:
            assert row[-1].startswith(("measured", "extrapolated", "assumed", "counted")), row


def test_only_what_was_measured_is_called_so() -> None:
    def source(**changes: Any) -> str:
        service = replace(MILLION, **changes)
        return sections(ROUND, [service], LIMITS)[0].rows[0][-1]

    assert source() == "measured"
    assert source(tickers=500) == "measured"
    for changes in ({"per_user": 21}, {"tickers": 5001}, {"tickers": 1000}, {"moving": 0.5}):
        assert source(**changes).startswith("extrapolated"), changes
    unknown = msgspec_without_zipf()
    row = sections(unknown, [MILLION], LIMITS)[0].rows[0]
    assert row[-1].startswith("extrapolated")


def msgspec_without_zipf() -> Costs:
    import msgspec

    return msgspec.structs.replace(ROUND, fan_out_us={"500": 10.0})


def test_assumptions_are_options(tmp_path: Path) -> None:
    file = str(file_of(tmp_path))
    words = ("--users", "1_000_000", "--costs", file, "--core-share", "0.3", "--nic-bits", "1e9")
    rows = {row[0]: row[1] for row in command.run(asked(*words))[0].rows}
    # 0.225 s less 5 ms by 20 µs: 11,000 users; 2.18 GB in 0.225 s over links of 1 Gbit/s.
    assert rows["users a process"] == "11,000"
    assert rows["hosts for them"] == "78"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fan_out_us": {}}, "fan_out_us has no figure for 500"),
        ({"fan_out_us": {"500": 0}}, "above 0: fan_out_us of 500"),
        ({"join_ms": -1}, "above 0: join_ms"),
        ({"join_ms": "much"}, "join_ms"),
    ],
)
def test_a_cost_file_that_says_nothing_usable_is_refused(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BenchmarkFailed, match=sentence):
        costs.load(file_of(tmp_path, **changes))


def test_a_missing_cost_file_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkFailed, match="make bench"):
        costs.load(tmp_path / "none.json")


def test_what_is_impossible_fails_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkFailed, match="cannot serve even one user"):
        command.run(asked("--costs", str(file_of(tmp_path)), "--tickers", "500000"))


@pytest.mark.parametrize("words", [("--users", "0"), ("--core-share", "1.5"), ("--period", "0")])
def test_nonsense_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        asked(*words)


def test_what_the_last_client_was_measured_to_wait_is_said_beside() -> None:
    takes, _ = sections(ROUND, [MILLION], LIMITS)
    assert "250 ms after its commit" in takes.method


def test_the_command_says_what_its_figures_rest_on(tmp_path: Path) -> None:
    said = " ".join(command.text(command.run(asked("--costs", str(file_of(tmp_path))))).split())
    assert said.startswith("20 tickers a user of 5,000, 100% of them changing every 5 s.")
    assert "a machine, 2026-01-02" in said


PAGE = (ROOT / "docs" / "scaling.md").read_text()


def test_the_page_shows_what_the_command_prints_for_the_costs_of_the_last_whole_run() -> None:
    shown = PAGE.split("<!-- capacity -->\n")[1].split("<!-- end of capacity -->")[0]
    assert shown == command.block(command.run(asked())), "python -m bench capacity --write"


def test_writing_the_page_changes_what_is_between_its_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "scaling.md"
    page.write_text(PAGE)
    command.write(command.run(asked("--costs", str(file_of(tmp_path)))), page)
    assert "a machine, 2026-01-02" in page.read_text()
    command.write(command.run(asked()), page)
    assert page.read_text() == PAGE


def test_every_option_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", PAGE))
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    assert named >= {"--within-seconds", "--redis-out-bytes"}
    assert named - {"--scale"} <= known
