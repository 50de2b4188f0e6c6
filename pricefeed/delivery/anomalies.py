"""Tells sockets of anomalies: every one, in order, each once.

Nothing is queued for a socket. It has a *position*, the id up to which it has been told
everything; what follows is a page of the log, from memory or from Postgres. A client that
does not read stays where it is, and goes on from there when it reads again or comes back.

The channel layer only says that there is something new. What it is, the one reader of
this process reads from Postgres, where ids become visible in their order; and it looks
by itself every few seconds, so a lost word costs no more than that.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from pricefeed.delivery import close_codes
from pricefeed.delivery.anomalies_reads import AnomalyReads
from pricefeed.delivery.anomalies_tail import PAGE_LENGTH, TAIL_LENGTH, Page, Tail, page_of
from pricefeed.delivery.background import Background
from pricefeed.delivery.breaths import in_breaths
from pricefeed.delivery.figures import ANOMALIES
from pricefeed.delivery.gathered import Gathered
from pricefeed.delivery.outlet import Outlet, Send
from pricefeed.delivery.teller import welcome
from pricefeed.delivery.writer import Writer

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
"""How often the reader looks without having been told to."""

_READ_AT_ONCE = 1000
_TICKERS_AT_A_TIME = 500
_CATCHING_UP_AT_ONCE = 4


class AnomalyOutlet(Outlet):
    """A socket that is told of anomalies: of one security, or of all (None)."""

    __slots__ = ("is_catching_up", "is_greeted", "position", "security_id")

    def __init__(
        self,
        send: Send,
        *,
        writer: Writer | None = None,
        security_id: int | None = None,
        on_free: Callable[["AnomalyOutlet"], None],
    ) -> None:
        super().__init__(send, kind=ANOMALIES, writer=writer, on_free=on_free)
        self.security_id = security_id
        self.position = 0
        self.is_greeted = False
        self.is_catching_up = False

    @property
    def takes_more(self) -> bool:
        return not self.blocked and not self.closed


class Announcer:
    """`run` for as long as the hub lives. `epoch` names the life of the ids."""

    def __init__(
        self, *, reads: AnomalyReads, epoch: Callable[[], str], background: Background
    ) -> None:
        self._reads = reads
        self._epoch = epoch
        self._background = background
        self.outlets: dict[AnomalyOutlet, None] = {}
        self._tail = Tail([])
        self._reading = asyncio.Lock()
        self._news = asyncio.Event()
        self._life = ""  # the epoch in which the tail was read
        self._securities = Gathered(reads.security_ids, at_most=_TICKERS_AT_A_TIME)
        self._catching_up = asyncio.Semaphore(_CATCHING_UP_AT_ONCE)

    # -- Sockets -----------------------------------------------------------------------------

    async def security_id(self, ticker: str) -> int | None:
        """Of the security with this ticker, however written, active or not; None for none."""
        return await self._securities.get(ticker)

    async def add(self, outlet: AnomalyOutlet, since: int | None) -> None:
        """Tell it of everything after an id; None: of what is found from now on.

        An id that has not been given out yet is of another life of the database: then, too,
        of what is found from now on. Raises what Postgres raises when it is away.
        """
        # To the end, also for one whose time is up: it may be telling all the others.
        await asyncio.shield(asyncio.ensure_future(self._read_for_newcomer(since)))
        if outlet.closed:
            return
        last = self._tail.last
        outlet.position = last if since is None else min(since, last)
        self.outlets[outlet] = None
        self.bring_up_to_date(outlet)

    def remove(self, outlet: AnomalyOutlet) -> None:
        """It has ended; harmless if it never began."""
        self.outlets.pop(outlet, None)

    async def _read_for_newcomer(self, since: int | None) -> None:
        """The tail is as new as what the client has seen, maybe in another process."""
        async with self._reading:
            if not self.outlets:  # nobody has kept it up to date
                await self._read_anew()
            elif since is not None and since > self._tail.last:
                await self._read_on()

    # -- Reading -----------------------------------------------------------------------------

    def wake(self) -> None:
        """Something was found, a word of it may have been lost, or another epoch has begun.

        In that ids may come again, and what was told may be called otherwise.
        """
        self._news.set()

    async def run(self) -> None:
        """Read and tell, for ever; what fails is tried again."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            self._news.clear()
            if not self.outlets:
                continue
            try:
                async with self._reading:
                    if self._life != self._epoch():
                        await self._read_anew()
                    await self._read_on()
            except Exception as error:  # noqa: BLE001  Postgres is away: again soon
                log.warning("anomalies_not_read", cause=error)

    async def _read_on(self) -> None:
        """Whatever has been committed since, page by page."""
        is_full = True
        while is_full:
            found = await self._reads.after(self._tail.last, _READ_AT_ONCE, None)
            if found:
                self._tail.extend(found)
                await self._tell()
            is_full = len(found) == _READ_AT_ONCE

    async def _read_anew(self) -> None:
        """All of the tail; if of another epoch, then everybody is greeted once more."""
        before, life = self._life, self._epoch()  # one that begins meanwhile wants another reading
        self._tail = Tail(await self._reads.newest(TAIL_LENGTH))
        self._life = life
        for outlet in self.outlets:
            outlet.position = min(outlet.position, self._tail.last)
            outlet.is_greeted = outlet.is_greeted and life == before
        await self._tell()

    # -- Telling -----------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Lets other work in between; who joins or leaves meanwhile is up to date anyway."""
        async for part in in_breaths(self.outlets):
            for outlet in part:
                self.bring_up_to_date(outlet)

    def bring_up_to_date(self, outlet: AnomalyOutlet) -> None:
        """Write all that a socket lacks, until it is full; what is long past is read for it."""
        if outlet.is_catching_up or outlet not in self.outlets:
            return
        if outlet.takes_more and not outlet.is_greeted:
            self._greet(outlet)
        while outlet.takes_more and outlet.position < self._tail.last:
            if outlet.position < self._tail.begins_after:
                outlet.is_catching_up = True
                self._background.run(self._catch_up(outlet))
                return
            _write(outlet, self._tail.page(outlet.position, outlet.security_id))

    def _greet(self, outlet: AnomalyOutlet) -> None:
        outlet.is_greeted = True
        outlet.write(welcome(self._life, since=outlet.position))

    async def _catch_up(self, outlet: AnomalyOutlet) -> None:
        """Pages from Postgres, until the tail has the rest or the socket is full."""
        try:
            while outlet.takes_more and outlet.position < self._tail.begins_after:
                await self._turn_page(outlet)
        except Exception as error:  # noqa: BLE001  Postgres is away: come back later
            log.warning("anomalies_not_replayed", cause=error)
            outlet.close(close_codes.OVERLOADED)
        finally:
            outlet.is_catching_up = False
        self.bring_up_to_date(outlet)

    async def _turn_page(self, outlet: AnomalyOutlet) -> None:
        """One page; it is dropped where the socket cannot take it any more."""
        async with self._catching_up:
            position, upto = outlet.position, self._tail.last
            found = await self._reads.after(position, PAGE_LENGTH, outlet.security_id)
        if outlet.takes_more and outlet.position == position:
            _write(outlet, page_of(found, upto=upto))


def _write(outlet: AnomalyOutlet, page: Page) -> None:
    outlet.position = page.position
    if page.text is not None:
        outlet.write(page.text)
