"""`/ws/feed`: ticks from those who may push them, as fast as they are taken."""

from collections.abc import Sequence

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied

from pricefeed.api.feed_messages import answers
from pricefeed.api.intake import Intake
from pricefeed.api.permission import Pusher
from pricefeed.delivery import close_codes, protocol, wire
from pricefeed.delivery.consumers import hub_with_room
from pricefeed.delivery.feeders import FeederOutlet
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.sign_in import SignInConsumer
from pricefeed.delivery.socket import Refused


class FeedConsumer(SignInConsumer):
    """Once it is known who is there, every message but `ping` is one of ticks, and answered."""

    connection: FeederOutlet | None = None
    hub: Hub | None = None
    intake: Intake | None = None

    async def signed_in(self, identity: Identity, auth: protocol.Auth) -> None:
        self.hub = await hub_with_room(identity)
        self.connection = FeederOutlet(self.send, writer=self.writer, identity=identity)
        await self.hub.feeders.add(self.connection)
        self._pusher = Pusher(identity.user_id)
        try:
            await database_sync_to_async(self._pusher.check)()
        except PermissionDenied as error:
            raise Refused(close_codes.FORBIDDEN) from error
        most_bytes = settings.PRICES_BODY_LIMIT
        self.intake = Intake(self.connection, push=self._push, most_bytes=most_bytes)
        if self.writer is not None:
            self.writer.hear_out(most_bytes=most_bytes)
        await self.accept()
        self.hub.welcome_feeder(self.connection)

    async def received(self, text: str | None) -> None:
        if self.intake is None or self.is_refused:
            await super().received(text)
        elif _is_ping(text):
            await self.say(wire.frame("pong"))
        else:
            await self.intake.put(text)

    async def _push(self, texts: Sequence[str | None], before: int) -> list[str]:
        try:
            frames: list[str] = await _answers(texts, pusher=self._pusher, before=before)
        except PermissionDenied:
            await self.close(close_codes.FORBIDDEN)
            return []
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


# Threads of the event loop's own: what all sockets ask Postgres for has one thread together.
_answers = database_sync_to_async(answers, thread_sensitive=False)
