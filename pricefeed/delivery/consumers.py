"""The sockets of a watchlist and of prices: whom they serve, and with what."""

from django.conf import settings

from pricefeed.delivery import close_codes, protocol
from pricefeed.delivery.connection import Connection
from pricefeed.delivery.hub import Hub
from pricefeed.delivery.identity import Identity
from pricefeed.delivery.running import running_hub
from pricefeed.delivery.sign_in import SignInConsumer
from pricefeed.delivery.socket import Refused, SocketConsumer
from securities.tickers import canonical_or_same, ticker_list


async def hub_with_room(identity: Identity | None) -> Hub:
    """The hub of this process. Raises Refused where the user has as many sockets as one may."""
    hub = await running_hub()
    if identity and hub.count_of(identity.user_id) >= settings.SOCKETS_PER_USER:
        raise Refused(close_codes.TOO_MANY)
    return hub


class QuotesConsumer(SocketConsumer):
    """What the sockets have in common that a hub serves with quotes."""

    connection: Connection | None = None
    hub: Hub | None = None

    async def serve(
        self,
        *,
        identity: Identity | None = None,
        asked: tuple[str, ...] | None = None,
        since: protocol.Since | None = None,
    ) -> None:
        """Let the hub serve this socket; its user must have room for one more."""
        self.hub = await hub_with_room(identity)
        self.connection = Connection(
            self.send,
            writer=self.writer,
            identity=identity,
            asked=asked,
            full=self._wants_full(),
            on_free=self.hub.bring_up_to_date,
        )
        tickers = await self.hub.follow(self.connection)
        await self.accept()
        await self.hub.serve(self.connection, tickers, since)

    def left(self) -> None:
        super().left()
        if self.hub is not None and self.connection is not None:
            self.hub.remove(self.connection)

    def _wants_full(self) -> bool:
        """Whether the client asked for whole quotes in every frame."""
        return self.query().get("full", ["0"])[-1] in {"1", "true"}


class WatchlistConsumer(SignInConsumer, QuotesConsumer):
    """`/ws/watchlist`: the signed-in user's watchlist, following every edit."""

    connection: Connection | None = None

    async def signed_in(self, identity: Identity, auth: protocol.Auth) -> None:
        await self.serve(identity=identity, since=auth.since)


class PricesConsumer(QuotesConsumer):
    """`/ws/prices/{ticker}`, `/ws/prices?tickers=A,B` and `/ws/prices` (every active ticker)."""

    async def opened(self) -> None:
        asked = self._asked()
        if asked is not None and not await (await running_hub()).active.are_all(asked):
            raise Refused(close_codes.UNKNOWN_TICKER)
        await self.serve(asked=asked)

    def _asked(self) -> tuple[str, ...] | None:
        """The tickers asked for, each once, in order; None for all."""
        single = self.scope["url_route"]["kwargs"].get("ticker")
        if single is not None:
            return (canonical_or_same(single),)
        lists = self.query().get("tickers")
        if lists is None:
            return None
        try:
            return tuple(ticker_list(",".join(lists)))
        except ValueError:
            raise Refused(close_codes.BAD_MESSAGE) from None
