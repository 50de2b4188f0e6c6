"""Keeps services alive: one that dies is started again, later and later, and the log says so."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from deploy.local.process import Process, Processes
from deploy.local.services import Background, Service
from deploy.local.trouble import Trouble

_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 15.0
_FAILED_STARTS = 3
_WELL_AFTER_SECONDS = 10.0
_IMPROPER = "django.core.exceptions.ImproperlyConfigured: "


async def keep_alive(
    service: Service,
    processes: Processes,
    *,
    running: Process | None = None,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Run the service for ever; raises Trouble if it fails at each of its first starts."""
    failures, has_worked = 0, running is not None
    while True:
        try:
            process = running or await service.start(processes)
            on_start()
            has_worked = has_worked or not isinstance(service, Background)
            code, running = await process.exit_code(), None
            why = f"stopped unexpectedly ({how_it_ended(code)})"
            if process.lived_seconds >= _WELL_AFTER_SECONDS:
                failures, has_worked = 0, True
            said = process.last_words
        except Trouble as trouble:
            why = said = str(trouble)
        failures += 1
        if not has_worked and failures >= _FAILED_STARTS:
            raise Trouble(f"{service.name} fails at every start: {plainly(said)}")
        delay = min(_FIRST_DELAY_SECONDS * 2 ** (failures - 1), _LONGEST_DELAY_SECONDS)
        processes.log.trouble(f"{service.name} {why}; it starts again in {delay:g} s")
        await asyncio.sleep(delay)


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def plainly(line: str) -> str:
    """The last line of a traceback without the exception's name, where it is a sentence."""
    return line.partition(_IMPROPER)[2] or line
