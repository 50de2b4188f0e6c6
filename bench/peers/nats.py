"""NATS: a subject for each ticker, one subscription for each of a user's tickers.

https://docs.nats.io/reference/reference-protocols/nats-protocol; over WebSocket the
same bytes travel in binary frames, cut anywhere.
"""

import socket
from pathlib import Path
from typing import ClassVar

import msgspec

from bench.crowd.dialects import Quote, Said
from bench.crowd.websocket import BINARY, BadFrame, masked
from bench.market.plan import Address
from bench.peers.debian import Part, located
from bench.peers.publishing import Messages, Peer

SERVER = Part("nats-server", "nats-server")
NEEDS = (SERVER,)

_CONNECT = b'CONNECT {"verbose":false,"pedantic":false}\r\n'
_CONFIGURATION = """\
host: 127.0.0.1
port: {address.publishing_port}
log_file: "{folder}/log"
websocket {{
  host: 127.0.0.1
  port: {address.port}
  no_tls: true
}}
"""

_decode = msgspec.json.Decoder(Quote).decode


def command(address: Address, folder: Path) -> list[str]:
    configuration = folder / "nats.conf"
    configuration.write_text(_CONFIGURATION.format(address=address, folder=folder))
    return [located(SERVER), "-c", str(configuration)]


class Subscriber:
    """A user's side: subscribes to each ticker; what comes after the PONG misses nothing."""

    __slots__ = ("_rest", "_tickers")

    subprotocol: ClassVar[str | None] = None
    begins_open: ClassVar[bool] = False

    def __init__(self, tickers: tuple[str, ...]) -> None:
        self._tickers = tickers
        self._rest = b""

    def greeting(self) -> bytes:
        subscriptions = "".join(
            f"SUB {ticker} {number}\r\n" for number, ticker in enumerate(self._tickers, start=1)
        )
        return masked(BINARY, _CONNECT + subscriptions.encode() + b"PING\r\n")

    def read(self, payload: bytes, *, is_text: bool) -> Said:
        buffer = self._rest + payload
        quotes: list[Quote] = []
        begins, answer, at = False, b"", 0
        while (end := buffer.find(b"\r\n", at)) >= 0:
            line, after = buffer[at:end], end + 2
            if line.startswith(b"MSG "):
                last = after + int(line.rpartition(b" ")[2])
                if len(buffer) < last + 2:
                    break
                quotes.append(_decode(buffer[after:last]))
                after = last + 2
            elif line == b"PONG":
                begins = True
            elif line == b"PING":
                answer = masked(BINARY, b"PONG\r\n")
            elif not line.startswith(b"INFO "):
                raise BadFrame(line.decode(errors="replace"))
            at = after
        self._rest = buffer[at:]
        return Said(quotes, bool(quotes), begins, answer)


class Publisher:
    """The feed's side, over TCP."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(("127.0.0.1", address.publishing_port))
        self._lines = self._socket.makefile("rb")
        self._socket.sendall(_CONNECT)

    def publish(self, messages: Messages) -> None:
        parts = [
            b"PUB %b %d\r\n%b\r\n" % (ticker.encode(), len(text), text) for ticker, text in messages
        ]
        self._socket.sendall(b"".join([*parts, b"PING\r\n"]))
        while (line := self._lines.readline()) != b"PONG\r\n":
            if line == b"PING\r\n":
                self._socket.sendall(b"PONG\r\n")
            elif not line.startswith(b"INFO "):
                raise ConnectionError(f"NATS says {line!r}")


def path(tickers: tuple[str, ...]) -> str:
    return "/"


PEER = Peer(path, Subscriber, Publisher)
