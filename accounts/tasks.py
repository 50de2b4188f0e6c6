"""What Celery runs for accounts."""

import structlog
from celery import shared_task

from accounts.services import expired_tokens_flush

log = structlog.get_logger(__name__)


@shared_task
def flush_expired_tokens() -> None:
    """Every hour; safe to run twice."""
    log.info("expired_tokens_flushed", count=expired_tokens_flush())
