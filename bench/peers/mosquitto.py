"""Mosquitto: a topic for each ticker, a subscription for each of a user's tickers, QoS 0.

MQTT 3.1.1; over WebSocket (section 6 of the standard) packets travel in binary
frames, cut anywhere.
"""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from bench.crowd.dialects import Quote, Said
from bench.crowd.websocket import BINARY, BadFrame, masked
from bench.market.plan import Address
from bench.peers.debian import Part, located
from bench.peers.publishing import Messages, Peer

SERVER = Part("mosquitto", "mosquitto")
NEEDS = (SERVER,)

_CONFIGURATION = """\
user root
allow_anonymous true
persistence false
log_type error
set_tcp_nodelay true
max_queued_messages 0
listener {address.publishing_port} 127.0.0.1
listener {address.port} 127.0.0.1
protocol websockets
"""
_CONNACK, _PUBLISH, _SUBACK, _PINGRESP = 0x20, 0x30, 0x90, 0xD0
_PINGREQ = b"\xc0\x00"

_decode = msgspec.json.Decoder(Quote).decode


def command(address: Address, folder: Path) -> list[str]:
    configuration = folder / "mosquitto.conf"
    configuration.write_text(_CONFIGURATION.format(address=address))
    return [located(SERVER), "-c", str(configuration)]


def packet(kind: int, body: bytes) -> bytes:
    """With the length before it: seven bits a byte, the lowest first."""
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | (0x80 if size else 0))
        if not size:
            return bytes((kind, *length)) + body


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2) + data


# Protocol level 4, a clean session, nobody is to be missed after a silence, any name.
CONNECT = packet(0x10, _text("MQTT") + b"\x04\x02\x00\x00" + _text(""))


def subscribe(topics: tuple[str, ...]) -> bytes:
    return packet(0x82, b"\x00\x01" + b"".join(_text(topic) + b"\x00" for topic in topics))


class Packets:
    """Cuts what arrives into packets, however it was cut on the way."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def of(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Kind and body of those that are complete with this data."""
        buffer, at = self._rest + data, 0
        while len(buffer) - at >= 2:
            size, shift, start = 0, 0, at + 1
            while start < len(buffer):
                size |= (buffer[start] & 0x7F) << shift
                shift, start = shift + 7, start + 1
                if buffer[start - 1] < 0x80:
                    break
            else:
                break
            if len(buffer) - start < size:
                break
            yield buffer[at], buffer[start : start + size]
            at = start + size
        self._rest = buffer[at:]


class Subscriber:
    """A user's side: what comes after the SUBACK misses nothing."""

    __slots__ = ("_packets", "_tickers")

    subprotocol: ClassVar[str | None] = "mqtt"
    begins_open: ClassVar[bool] = False

    def __init__(self, tickers: tuple[str, ...]) -> None:
        self._tickers = tickers
        self._packets = Packets()

    def greeting(self) -> bytes:
        return masked(BINARY, CONNECT + subscribe(self._tickers))

    def read(self, payload: bytes, *, is_text: bool) -> Said:
        quotes: list[Quote] = []
        begins = False
        for kind, body in self._packets.of(payload):
            if kind == _PUBLISH:
                quotes.append(_decode(body[2 + int.from_bytes(body[:2]) :]))
            elif kind == _SUBACK and body[2:] == bytes(len(self._tickers)):
                begins = True
            elif kind != _CONNACK or body[1]:
                raise BadFrame(f"packet {kind:#x} {body[:20]!r}")
        return Said(quotes, bool(quotes), begins)


class Publisher:
    """The feed's side, over TCP."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(("127.0.0.1", address.publishing_port))
        self._packets = Packets()
        self._socket.sendall(CONNECT)
        self._wait_for(_CONNACK)

    def publish(self, messages: Messages) -> None:
        parts = [packet(_PUBLISH, _text(ticker) + text) for ticker, text in messages]
        self._socket.sendall(b"".join([*parts, _PINGREQ]))
        self._wait_for(_PINGRESP)

    def _wait_for(self, wanted: int) -> None:
        while data := self._socket.recv(4096):
            if any(kind == wanted for kind, _ in self._packets.of(data)):
                return
        raise ConnectionError("Mosquitto has closed the connection.")


def path(tickers: tuple[str, ...]) -> str:
    return "/mqtt"


PEER = Peer(path, Subscriber, Publisher)
