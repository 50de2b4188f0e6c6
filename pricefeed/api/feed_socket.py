"""`/ws/feed`: ticks from those who may push them, as fast as they are taken."""

import time
from collections.abc import Sequence

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model

from pricefeed.api.feed_messages import answers
from pricefeed.api.intake import Intake
from pricefeed.api.prices import PERMISSION
from pricefeed.delivery import close_codes, protocol, wire
from pricefeed.delivery.consumers import hub_with_room
from pricefeed.delivery.feeders import FeederOutlet
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.sign_in import SignInConsumer
from pricefeed.delivery.socket import Refused

PERMISSION_SECONDS = 4.0
"""How long one that was looked up counts."""


class FeedConsumer(SignInConsumer):
    """Once it is known who is there, every message but `ping` is one of ticks, and answered."""

    connection: FeederOutlet | None = None
    hub: Hub | None = None
    intake: Intake | None = None

    async def signed_in(self, identity: Identity, auth: protocol.Auth) -> None:
        self.hub = await hub_with_room(identity)
        self.connection = FeederOutlet(self.base_send, writer=self.writer, identity=identity)
        await self.hub.feeders.add(self.connection)
        if not await _may_push(identity.user_id):
            raise Refused(close_codes.FORBIDDEN)
        self._permitted_until = time.monotonic() + PERMISSION_SECONDS
        most_bytes = settings.PRICES_BODY_LIMIT
        self.intake = Intake(self.connection, push=self._push, most_bytes=most_bytes)
        if self.writer is not None:
            self.writer.hear_out(most_bytes=most_bytes)
        self.hub.welcome_feeder(self.connection)

    async def received(self, text: str | None) -> None:
        if self.intake is None or self.is_refused:
            await super().received(text)
        elif _is_ping(text):
            await self.say(wire.frame("pong"))
        else:
            await self.intake.put(text)

    async def _push(self, texts: Sequence[str | None], before: int) -> list[str]:
        assert self.connection is not None
        assert self.connection.identity is not None
        user_id = self.connection.identity.user_id
        if time.monotonic() > self._permitted_until:
            if not await _may_push(user_id):
                await self.close(close_codes.FORBIDDEN)
                return []
            self._permitted_until = time.monotonic() + PERMISSION_SECONDS
        frames: list[str] = await _answers(texts, user_id=user_id, before=before)
        return frames

    def left(self) -> None:
        super().left()
        self.intake = None  # it knows us as we know it
        if self.hub is not None and self.connection is not None:
            self.hub.feeders.remove(self.connection)


def _is_ping(text: str | None) -> bool:
    return (
        text is not None
        and len(text) <= protocol.MAX_MESSAGE_BYTES
        and isinstance(protocol.parse(text), protocol.Ping)
    )


@database_sync_to_async
def _may_push(user_id: int) -> bool:
    user = get_user_model().objects.filter(pk=user_id).first()
    return user is not None and user.has_perm(PERMISSION)


# Threads of the event loop's own: what all sockets ask Postgres for has one thread together.
_answers = database_sync_to_async(answers, thread_sensitive=False)
