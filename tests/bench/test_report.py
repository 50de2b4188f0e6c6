"""The page and the cost file of a whole run."""

import json
from pathlib import Path

from bench import report
from bench.__main__ import KINDS, SMALL, WHOLE
from bench.section import Headline, Section, in_short


def test_costs_of_all_sections_stand_in_one_file(tmp_path: Path) -> None:
    sections = [
        Section("One", "", ("a", "b"), [], {"fan_out_us": {"500": 10.5}, "frame_bytes": 2400}),
        Section("Two", "", ("a", "b"), [], {"fan_out_us": {"5000_zipf": 12.0}}),
        Section("Three", "", ("a", "b"), []),
    ]
    file = tmp_path / "bench" / "costs.json"
    report.write_costs(sections, file=file)

    costs = json.loads(file.read_text())
    assert costs["fan_out_us"] == {"500": 10.5, "5000_zipf": 12.0}
    assert costs["frame_bytes"] == 2400
    assert "cores" in costs["machine"]


def test_every_benchmark_is_part_of_a_whole_run() -> None:
    measured = set(KINDS) - {"capacity"}  # it works out, it does not measure

    assert {line.split()[0] for line in WHOLE} == measured
    assert {line.split()[0] for line in SMALL} <= measured


def test_the_page_begins_with_what_it_is_for(tmp_path: Path) -> None:
    rows = [("Tickwatch", "8.1"), ("NATS (Go), a subject each", "25.9"), ("nchan", "")]
    one = Section("One", "", ("server", "µs"), rows, headlines=[Headline("µs", beside=(1, 2))])
    figures = [("seconds until all are back", "2.2")]
    two = Section("Two", "", ("", ""), figures, headlines=[Headline("back after, s")])
    assert in_short([one, two]).rows == [("µs", "8.1", "NATS 25.9"), ("back after, s", "2.2", "")]

    report.write("- a machine", [one, two], page=tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page.index("## In short") < page.index("| µs | 8.1 | NATS 25.9 |") < page.index("## One")
