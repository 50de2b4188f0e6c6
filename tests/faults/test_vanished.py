"""A network that takes everything and answers nothing, as when a host has lost its power."""

import shutil
import subprocess
import sys

import pytest

from tests.integration.processes import ROOT

ALONE = ["unshare", "--user", "--map-root-user", "--net"]


def may_be_alone() -> bool:
    """Whether we may have a network of our own, to take away."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not may_be_alone(), reason="needs unshare, ip and user namespaces")
def test_a_question_to_a_postgres_that_has_vanished_is_given_up() -> None:
    program = [*ALONE, sys.executable, "-m", "tests.faults.vanishing"]
    asked = subprocess.run(
        program, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert 10 < float(asked.stdout) < 30
