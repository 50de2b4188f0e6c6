"""One log for everything: structlog, readable at home, JSON in production.

A request id is bound by django-structlog's middleware and travels with Celery
tasks, so one search finds a request in the web log and in the worker's.
"""

import logging.config
import warnings
from typing import Any

import structlog
from structlog.typing import EventDict


def cause_in_words(_: Any, __: str, event: EventDict) -> EventDict:
    """A `cause` that is an error: its kind and what it says, in one line.

    Redis' own errors keep the second to themselves in their `repr`.
    """
    if isinstance(cause := event.get("cause"), BaseException):
        event["cause"] = ": ".join(
            filter(None, (type(cause).__name__, " ".join(str(cause).split())))
        )
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]
# One list for good: loggers keep the one they first saw, and tests listen in by changing it.
_PROCESSORS: list[Any] = [
    *_SHARED,
    cause_in_words,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
_HEALTH_CHECKS = ("GET /health", "HEAD /health")


def logging_config(*, level: str, output: str) -> dict[str, Any]:
    """A `logging.config` dictionary that renders every record with structlog."""
    if output == "json":
        last: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    else:
        # Where rich is installed, tracebacks would show variables by default: passwords, too.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *last,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level.upper()},
        "loggers": {
            # One line a request is the middleware's; the server's own would be a second one.
            "uvicorn.access": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "propagate": True},
            # Below that it writes whole addresses, headers and messages, tokens and all.
            "uvicorn.error": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            # A task that failed is a line of django-structlog's; Celery's own would be a second.
            "celery.app.trace": {"level": "CRITICAL"},
            # The middleware's line of a request has all of this, and its id.
            "django.request": {"level": "CRITICAL"},
            # Every request to a vendor would be a line, some a second.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            # Whoever wanted the connection says why there was none.
            "psycopg.pool": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django_structlog.middlewares.request": {
                "filters": [] if level == "debug" else [is_worth_a_line],
            },
            "django.server": {"handlers": [], "propagate": True},
        },
    }


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """False for a health check that went well: they come every few seconds, from every side."""
    event = record.msg
    request = event.get("request", "") if isinstance(event, dict) else ""
    return record.levelno > logging.INFO or not str(request).startswith(_HEALTH_CHECKS)


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG hook: sets up structlog and the standard library together."""
    logging.config.dictConfig(config)
    logging.captureWarnings(True)
    # WhiteNoise's files are read by a thread; they are small, and nginx serves them elsewhere.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
