"""`python -m deploy.prepare`, for which every start waits: what it adds, keeps and refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import prepare
from deploy.local.paths import ROOT
from deploy.local.ports import free_port
from pricefeed.sources.registry import configured_source
from securities.catalogue import CatalogueEntry
from securities.models import Security
from securities.services import securities_set_active, security_update


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"PRICE_SOURCE": "replay", "REPLAY_FILE": ""},
            "Tickwatch cannot start: PRICE_SOURCE is 'replay', so REPLAY_FILE must name a file",
        ),
        (
            {"PRICE_SOURCE": "yahoo", "SIMULATED_TICKS_PER_SECOND": "2000"},
            "Tickwatch cannot start: SIMULATED_TICKS_PER_SECOND is 2000, so PRICE_SOURCE must be",
        ),
        (
            {"SIMULATED_TICKS_PER_SECOND": "-1"},
            "Tickwatch cannot start: SIMULATED_TICKS_PER_SECOND is '-1', but must be a whole",
        ),
        (
            {"PRICE_UPDATE_SECONDS": "often"},
            "Tickwatch cannot start: PRICE_UPDATE_SECONDS is 'often', but must be a number of",
        ),
        (
            {"DATABASE_URL": f"postgres://user:s3cret@127.0.0.1:{free_port()}/none"},
            "The database refuses: connection failed",
        ),
    ],
)
def test_a_failure_is_one_sentence(wrong: dict[str, str], sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.prepare"],
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY": "long enough for the check of its length", **wrong},
        capture_output=True,
        text=True,
        check=False,
    )

    said = done.stderr.strip().splitlines()[-1]
    assert (done.returncode, said[: len(sentence)]) == (1, sentence)
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


@pytest.fixture
def start(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`start()` prepares the database of this test, without accounts."""
    for variable in ("DEMO_PASSWORD", "STAFF_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(prepare.django, "setup", lambda: None)
    configured_source.cache_clear()
    yield prepare.main
    configured_source.cache_clear()


def test_a_password_that_is_too_weak_stops_a_start_in_one_sentence(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", "1")
    with pytest.raises(SystemExit, match=r"^Tickwatch cannot start: DEMO_PASSWORD is refused: "):
        start()


def test_a_start_leaves_what_staff_have_corrected(start: Any) -> None:
    start()
    apple = Security.objects.get(ticker="AAPL")
    corrected = CatalogueEntry("AAPL", "Apple (corrected)", "XNAS", "CHF")
    security_update(security=apple, entry=corrected)
    securities_set_active(securities=Security.objects.filter(ticker="MSFT"), active=False)
    Security.objects.filter(ticker="IBM").delete()
    before = Security.objects.count()

    start()

    apple.refresh_from_db()
    assert (apple.name, apple.exchange, apple.currency) == corrected[1:]
    assert not Security.objects.get(ticker="MSFT").is_active
    assert Security.objects.count() == before + 1  # IBM is back


def test_a_ticker_that_staff_have_changed_is_free_for_a_new_security_until_they_deactivate_it(
    start: Any,
) -> None:
    start()
    apple = Security.objects.get(ticker="AAPL")
    security_update(
        security=apple, entry=CatalogueEntry("PEAR", "Pear Inc.", apple.exchange, apple.currency)
    )

    start()

    apple.refresh_from_db()
    assert apple.ticker == "PEAR"
    again = Security.objects.filter(ticker="AAPL")
    assert again.get().name != "Pear Inc."
    securities_set_active(securities=again, active=False)
    start()
    assert not again.get().is_active


def test_a_start_adds_what_the_price_source_has_and_the_catalogue_has_not(
    start: Any, settings: Any, tmp_path: Path
) -> None:
    settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", tmp_path / "ticks.csv"
    settings.REPLAY_FILE.write_text("time,ticker,price\n2026-01-02T14:30:00Z,NEWCO,5\n")
    start()
    assert Security.objects.get(ticker="NEWCO").is_active
    assert Security.objects.filter(ticker="AAPL").exists()


def test_a_price_source_that_cannot_be_read_now_does_not_stop_a_start(
    start: Any, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.PRICE_SOURCE, settings.REPLAY_FILE = "replay", tmp_path / "gone.csv"
    start()
    assert Security.objects.filter(ticker="AAPL").exists()
    said = capsys.readouterr().err
    assert said.startswith("The price source's own securities were not added: ")
    assert "gone.csv cannot be read" in said
