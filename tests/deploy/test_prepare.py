"""`python -m deploy.prepare`, which every start waits for, says in one sentence what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deploy.local.paths import ROOT
from deploy.local.ports import free_port


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"PRICE_SOURCE": "replay", "REPLAY_FILE": ""},
            "Tickwatch cannot start: PRICE_SOURCE is 'replay', so REPLAY_FILE must name a file",
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
