"""What Celery runs for accounts."""

import structlog
from celery import shared_task

from accounts.services import expired_sessions_flush, expired_tokens_flush
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
