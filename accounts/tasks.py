"""What Celery runs for accounts."""

import structlog
from celery import shared_task

from accounts.services import (
    expired_sessions_flush,
    expired_tokens_flush,
    untold_ends_tell,
)
from rest.jobs import one_line_while_away

log = structlog.get_logger(__name__)


@shared_task
@one_line_while_away("expired_tokens_not_flushed")
def flush_expired_tokens() -> None:
    """Every hour; safe to run twice."""
    log.info("expired_tokens_flushed", count=expired_tokens_flush())


@shared_task
@one_line_while_away("expired_sessions_not_flushed")
def flush_expired_sessions() -> None:
    """Every hour; safe to run twice."""
    expired_sessions_flush()


@shared_task
@one_line_while_away("ends_of_sign_ins_not_told")
def tell_untold_ends() -> None:
    """Every two seconds; safe to run twice."""
    if told := untold_ends_tell():
        log.info("ends_of_sign_ins_told", count=told)
