"""What is written of an error: where it happened, and nobody's secrets."""

import io
import logging
import logging.config

import pytest

from config.logging import logging_config

SECRET = "canary-3b71-of-a-local"


@pytest.mark.parametrize("output", ["console", "json"])
def test_a_traceback_shows_lines_and_no_values(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rich`, which development and `make run` have, would show all variables of each frame."""
    written = io.StringIO()
    formatter = logging_config(level="info", output=output)["formatters"]["structured"]
    handler = logging.StreamHandler(written)
    configured = logging.config.DictConfigurator({}).configure_formatter(dict(formatter))  # type: ignore[attr-defined]
    handler.setFormatter(configured)

    def fail(password: str) -> None:
        raise ZeroDivisionError

    log = logging.getLogger(__name__)
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "propagate", False)
    try:
        fail(SECRET)
    except ZeroDivisionError:
        log.exception("failed")
    assert "ZeroDivisionError" in written.getvalue()
    assert "in fail" in written.getvalue()
    assert SECRET not in written.getvalue()
