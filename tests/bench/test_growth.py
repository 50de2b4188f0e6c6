"""Growth: what a tick costs by itself is not counted as a user's."""

import argparse

import pytest

from bench import growth
from bench.contenders import Contender
from bench.fanout.measure import Cost
from bench.market.plan import Plan


def test_each_further_user_costs_what_it_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(_: Contender, plan: Plan) -> Cost:
        return Cost([1650 / plan.users + 7.0], 1.0, 2000.0)

    monkeypatch.setattr(growth, "measure", measured)
    options = argparse.Namespace(users=(100, 1000), rounds=1, frames=1000)
    (section,) = growth.run(options)

    assert "took 2.0 ms in all among 50 of them" in section.method
    assert [row[:2] for row in section.rows] == [("100", "23.50"), ("1,000", "8.65")]
    assert [row[4:6] for row in section.rows] == [("7.00", "1.00"), ("7.00", "1.00")]


def test_too_few_to_tell_are_refused() -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    growth.add_options(parser)
    with pytest.raises(argparse.ArgumentError, match="more than 50"):
        parser.parse_args(["--users", "50"])
