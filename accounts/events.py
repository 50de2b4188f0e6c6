"""Telling whoever keeps a connection for a sign-in that it has ended, before its tokens expire."""

import asyncio
from enum import StrEnum
from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

log = structlog.get_logger(__name__)

SESSION_ENDED = "session.ended"

_SEND_SECONDS = 2.0


class Ending(StrEnum):
    """Why a sign-in ended."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    DISABLED = "disabled"


def announce_end(user_id: int, ending: Ending, *, family: str | None = None) -> None:
    """On commit, say that a user's sign-ins have ended: one family of tokens, or all.

    `{"type": "session.ended", "user", "family", "reason"}` goes to the channel layer's
    group settings.SESSIONS_GROUP, at most once. It never fails what was committed: with
    Redis away, connections live on until their tokens expire.
    """
    message = {
        "type": SESSION_ENDED,
        "user": user_id,
        "family": family,
        "reason": ending.value,
    }
    transaction.on_commit(partial(_tell, message))


def _tell(message: dict[str, object]) -> None:
    try:
        async_to_sync(_send)(message)
    except Exception as error:  # noqa: BLE001  a layer may fail in any way; the change stands
        log.warning("session_end_not_announced", user=message["user"], cause=error)


async def _send(message: dict[str, object]) -> None:
    async with asyncio.timeout(_SEND_SECONDS):
        await get_channel_layer().group_send(settings.SESSIONS_GROUP, message)
