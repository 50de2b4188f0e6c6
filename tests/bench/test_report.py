"""The page and the cost file of a whole run."""

import json
from pathlib import Path

from bench import report
from bench.__main__ import KINDS, SMALL, WHOLE
from bench.section import Section


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
