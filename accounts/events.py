"""Telling whoever keeps a connection for a sign-in that it has ended, before its tokens expire."""

import asyncio
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from rest_framework_simplejwt.settings import api_settings

from rest.owed import Owed

log = structlog.get_logger(__name__)

SESSION_ENDED = "session.ended"

_SEND_SECONDS = 2.0


class Ending(StrEnum):
    """Why a sign-in ended."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    DISABLED = "disabled"


class Ended(NamedTuple):
    """What there is to tell: one family of a user's tokens has ended, or (None) all have."""

    user_id: int
    ending: Ending
    family: str | None = None


def announce_end(*ended: Ended) -> None:
    """On commit, say that sign-ins have ended.

    `{"type": "session.ended", "user", "family", "reason"}` goes to the channel layer's
    group settings.SESSIONS_GROUP for each. It never fails what was committed: where Redis is
    away or hangs it is said again, until it succeeds or every access token has expired.
    """
    transaction.on_commit(partial(_tell_or_owe, ended))


def _tell_or_owe(ended: tuple[Ended, ...]) -> None:
    try:
        _tell(*ended)
    except Exception as error:  # noqa: BLE001  a layer may fail in any way; the change stands
        log.warning("session_ends_not_announced", users=len(ended), cause=error)
        for each in ended:
            _owed.add(each, seconds=api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())


@async_to_sync
async def _tell(*ended: Ended) -> None:
    async with asyncio.timeout(_SEND_SECONDS):
        for each in ended:
            message = {
                "type": SESSION_ENDED,
                "user": each.user_id,
                "family": each.family,
                "reason": each.ending.value,
            }
            await get_channel_layer().group_send(settings.SESSIONS_GROUP, message)


_owed: Owed[Ended] = Owed(_tell, name="session-ends")
