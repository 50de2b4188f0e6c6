"""What peers say is understood however it was cut, and refused where it is wrong."""

import json
from collections.abc import Callable

import pytest

from bench.crowd.dialects import Dialect
from bench.crowd.websocket import BadFrame
from bench.peers import mosquitto, nats, nchan

QUOTE = {
    "ticker": "A",
    "price": "1.00",
    "abs_change": "0.10",
    "pct_change": "0.10",
    "updated_at": 1,
    "sequence": 7,
}
TEXT = json.dumps(QUOTE).encode()


def nats_message(text: bytes) -> bytes:
    return b"MSG A 1 %d\r\n%b\r\n" % (len(text), text)


def mqtt_message(text: bytes) -> bytes:
    return mosquitto.packet(0x30, b"\x00\x01A" + text)


@pytest.mark.parametrize(
    ("dialect", "greeting", "message"),
    [
        (nats.Subscriber, b"INFO {}\r\nPONG\r\n", nats_message),
        (mosquitto.Subscriber, b"\x20\x02\x00\x00" + b"\x90\x04\x00\x01\x00\x00", mqtt_message),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 50, 1000])
def test_a_stream_is_understood_however_it_was_cut(
    dialect: type[Dialect], greeting: bytes, message: Callable[[bytes], bytes], size: int
) -> None:
    spoken = dialect(("A", "B"))
    sent = greeting + message(TEXT) + message(TEXT)
    said = [spoken.read(sent[at : at + size], is_text=False) for at in range(0, len(sent), size)]

    assert [each.begins for each in said].count(True) == 1
    quotes = [quote for each in said for quote in each.quotes]
    assert [(quote.ticker, quote.sequence, quote.price) for quote in quotes] == [
        ("A", 7, "1.00")
    ] * 2
    assert all(each.is_tick == bool(each.quotes) for each in said)


def test_a_packets_length_takes_as_many_bytes_as_it_needs() -> None:
    for size in (0, 127, 128, 16_383, 16_384, 100_000):
        whole = mosquitto.packet(0x30, bytes(size))
        assert list(mosquitto.Packets().of(whole)) == [(0x30, bytes(size))]
        assert list(mosquitto.Packets().of(whole[:-1])) == []


@pytest.mark.parametrize(
    ("dialect", "wrong"),
    [
        (nats.Subscriber, b"-ERR 'Maximum Connections Exceeded'\r\n"),
        (mosquitto.Subscriber, b"\x20\x02\x00\x05"),  # not authorised
        (mosquitto.Subscriber, b"\x90\x04\x00\x01\x00\x80"),  # the second subscription failed
        (mosquitto.Subscriber, b"\x90\x03\x00\x01\x00"),  # it answers one of two
    ],
)
def test_a_peer_that_refuses_is_refused(dialect: type[Dialect], wrong: bytes) -> None:
    with pytest.raises(BadFrame):
        dialect(("A", "B")).read(wrong, is_text=False)


def test_nats_is_told_that_we_are_there() -> None:
    said = nats.Subscriber(()).read(b"PING\r\n", is_text=False)

    assert said.answer.endswith(b"PONG\r\n")


def test_a_message_of_nchan_is_a_quote() -> None:
    said = nchan.Subscriber(()).read(TEXT, is_text=True)

    assert [quote.sequence for quote in said.quotes] == [7]
    assert said.is_tick
