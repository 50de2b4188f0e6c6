"""`/ws/anomalies`: every anomaly as it is found, and those found since the client was here."""

import re

from pricefeed.delivery import close_codes
from pricefeed.delivery.anomalies import Announcer, AnomalyOutlet
from pricefeed.delivery.running import running_hub
from pricefeed.delivery.socket import Refused, SocketConsumer

_ID = re.compile(r"\d{1,18}", re.ASCII)


class AnomaliesConsumer(SocketConsumer):
    """`?ticker=` for one security, `?since=` for those with a greater id first; open to anyone."""

    connection: AnomalyOutlet | None = None
    announcer: Announcer | None = None

    async def opened(self) -> None:
        since = self._since()
        hub = await running_hub()
        self.announcer = hub.announcer
        self.connection = AnomalyOutlet(
            self.send,
            writer=self.writer,
            security_id=await self._security_id(self.announcer),
            on_free=self.announcer.bring_up_to_date,
        )
        await self.accept()
        await hub.add_anomalies(self.connection, since)

    def left(self) -> None:
        super().left()
        if self.announcer is not None and self.connection is not None:
            self.announcer.remove(self.connection)

    def _since(self) -> int | None:
        text = self._asked("since")
        if text is None:
            return None
        if not _ID.fullmatch(text):
            raise Refused(close_codes.BAD_MESSAGE)
        return int(text)

    async def _security_id(self, announcer: Announcer) -> int | None:
        ticker = self._asked("ticker")
        if ticker is None:
            return None
        found = await announcer.security_id(ticker)
        if found is None:
            raise Refused(close_codes.UNKNOWN_TICKER)
        return found

    def _asked(self, name: str) -> str | None:
        """A field of the address, which may stand there once."""
        values = self.query().get(name, [])
        if len(values) > 1:
            raise Refused(close_codes.BAD_MESSAGE)
        return values[0] if values else None
