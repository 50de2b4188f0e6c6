"""Jobs while Postgres or Redis is away."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import structlog

from rest.errors import AWAY

Arguments = ParamSpec("Arguments")
Job = Callable[Arguments, None]


def one_line_while_away(event: str) -> Callable[[Job[Arguments]], Job[Arguments]]:
    """One error in the log, with what the job was given, and no traceback: nothing is broken.

    For jobs that the next run repairs. The line is the log's of the job's own module.
    """

    def quiet(job: Job[Arguments]) -> Job[Arguments]:
        log, signature = structlog.get_logger(job.__module__), inspect.signature(job)

        @wraps(job)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            try:
                job(*args, **kwargs)
            except AWAY as error:
                log.error(event, cause=error, **signature.bind(*args, **kwargs).arguments)  # noqa: TRY400

        return run

    return quiet
