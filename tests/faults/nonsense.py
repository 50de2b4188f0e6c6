"""Frames that clients send, or should not: harmless ones, refused ones, fatal ones."""

import json
import random
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

VARIANTS = 400
_SEED = "nonsense"
_TEXT, _BYTES, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10

Maker = Callable[[random.Random], bytes]
Makers = tuple[tuple[str, int, Maker], ...]


def frame(
    payload: bytes, *, opcode: int = _TEXT, final: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """A WebSocket frame, right or wrong as asked for."""
    size = len(payload)
    first = (final << 7) | (rsv << 4) | opcode
    if size < 126:
        head = struct.pack("!BB", first, (masked << 7) | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, (masked << 7) | 126, size)
    else:
        head = struct.pack("!BBQ", first, (masked << 7) | 127, size)
    if not masked:
        return head + payload
    mask = b"\x5a\xa5\x3c\xc3"
    repeated = int.from_bytes(mask * (size // 4 + 1)) >> (8 * (4 - size % 4))
    body = (int.from_bytes(payload) ^ repeated).to_bytes(size) if size else b""
    return head + mask + body


# -- Shapes of JSON --------------------------------------------------------------------------


def value(chance: random.Random, depth: int = 0) -> Any:
    """Some JSON, deep at times, with the numbers and texts that break parsers."""
    kind = chance.randrange(9 if depth < 4 else 7)
    if kind == 7:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 8:
        return {word(chance): value(chance, depth + 1) for _ in range(chance.randrange(4))}
    numbers = (0, -1, 2**31, 2**63, -(2**63) - 1, 10**300, 1e308, -0.0, chance.random())
    plain = (None, True, False, chance.choice(numbers), word(chance), "", chance.randrange(9**9))
    return plain[kind]


def word(chance: random.Random) -> str:
    known = ("type", "auth", "ping", "token", "since", "epoch", "sequence", "__proto__", "T1")
    odd = (
        "\x00",
        "\ud7ff",
        "ÿ",
        "💣",
        "'; DROP TABLE x;--",
        "{{7*7}}",
        "%s%n",
        "../../etc",
        "a" * 99,
    )
    return chance.choice(chance.choice((known, odd)))


def message(chance: random.Random) -> Any:
    """Nearly a message: right words, wrong types, fields too many or too few."""
    made: dict[str, Any] = {
        "type": chance.choice(("auth", "ping", "pong", "prices", value(chance)))
    }
    for field in ("token", "since", "epoch", word(chance)):
        if chance.random() < 0.5:
            made[field] = value(chance)
    if made["type"] == "ping" and len(made) == 1:
        made["more"] = 1
    return made


def garbage_token(chance: random.Random) -> str:
    parts = (chance.randbytes(chance.randrange(1, 60)).hex() for _ in range(chance.randrange(1, 5)))
    return ".".join(parts)


def _json(thing: Any) -> bytes:
    return json.dumps(thing).encode()


# -- Kinds -----------------------------------------------------------------------------------


def _fragmented_ping(chance: random.Random) -> bytes:
    text = b'{"type":"ping"}'
    cut = chance.randrange(len(text))
    between = frame(b"", opcode=_PING) if chance.random() < 0.5 else b""
    return frame(text[:cut], final=False) + between + frame(text[cut:], opcode=0)


def _deep(chance: random.Random) -> bytes:
    depth = chance.randrange(100, 2000)
    return frame(chance.choice((b"[" * depth + b"]" * depth, b'{"type":' * (depth // 4))))


def _wrong_length(chance: random.Random) -> bytes:
    head = chance.choice((b"\x81\xfe\x00\x05", b"\x81\xff" + b"\x00" * 7 + b"\x05"))
    return head + chance.randbytes(9)  # five bytes want the short form


def _too_long(chance: random.Random) -> bytes:
    return b"\x81\xff" + struct.pack("!Q", chance.choice((2**63, 2**62, 2**32, 5000))) + b"abcd"


def _oversized_in_parts(chance: random.Random) -> bytes:
    part = b" " * 1000
    return frame(part, final=False) + b"".join(
        frame(part, opcode=0, final=False) for _ in range(chance.randrange(4, 9))
    )


HARMLESS: Makers = (
    ("ping", 30, lambda _: frame(b'{"type":"ping"}')),
    ("ping with spaces", 5, lambda c: frame(b" " * c.randrange(90) + b'{"type": "ping"}')),
    ("control ping", 30, lambda c: frame(c.randbytes(c.randrange(126)), opcode=_PING)),
    ("control pong", 20, lambda c: frame(c.randbytes(c.randrange(126)), opcode=_PONG)),
    ("fragmented ping", 5, _fragmented_ping),
)
"""A server may close for too many of them, but not for one."""

REFUSED: Makers = (
    ("any JSON", 20, lambda c: frame(_json(value(c)))),
    ("nearly a message", 30, lambda c: frame(_json(message(c)))),
    ("no JSON", 10, lambda c: frame(_json(message(c))[: -c.randrange(1, 9)])),
    ("garbage token", 10, lambda c: frame(_json({"type": "auth", "token": garbage_token(c)}))),
    ("bytes", 10, lambda c: frame(c.randbytes(c.randrange(200)), opcode=_BYTES)),
    ("deep nesting", 5, _deep),
    ("huge number", 5, lambda c: frame(b'{"type":' + b"9" * c.randrange(1, 4000) + b"}")),
    ("empty", 5, lambda _: frame(b"")),
    ("lone surrogate", 5, lambda _: frame(rb'{"type":"auth","token":"\ud800\udfff\ud800"}')),
)
"""Frames as they should be, with nothing sensible in them."""

FATAL: Makers = (
    ("unmasked", 10, lambda _: frame(b'{"type":"ping"}', masked=False)),
    ("reserved bits", 10, lambda c: frame(c.randbytes(9), rsv=c.randrange(1, 8))),
    ("reserved opcode", 10, lambda c: frame(b"x", opcode=c.choice((3, 4, 5, 6, 7, 11, 15)))),
    ("wrong length", 10, _wrong_length),
    ("too long", 10, _too_long),
    ("continues nothing", 10, lambda _: frame(b"x", opcode=0)),
    ("begins twice", 10, lambda _: frame(b"x", final=False) + frame(b"x", final=False)),
    ("fragmented control", 10, lambda _: frame(b"x", opcode=_PING, final=False)),
    ("large control", 10, lambda _: frame(b"x" * 126, opcode=_PING)),
    ("oversized", 10, lambda c: frame(b" " * c.randrange(4097, 9000))),
    ("oversized in parts", 10, _oversized_in_parts),
    ("invalid UTF-8", 10, lambda _: frame(b'{"type":"\xff\xfe\xed\xa0\x80"}')),
    (
        "wrong close",
        10,
        lambda c: frame(c.choice((b"\x03", b"\x00\x01", b"\x03\xe8\xff")), opcode=8),
    ),
    ("no frames", 30, lambda c: c.randbytes(c.randrange(1, 300))),
    ("HTTP", 5, lambda _: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
)
"""After one of these a server cannot go on with the socket; often it must not."""


@cache
def pool(makers: Makers) -> list[tuple[str, bytes]]:
    """Ready frames to choose from, more of what weighs more: making each anew would be slow."""
    chance = random.Random(_SEED)
    names = [(name, make) for name, weight, make in makers for _ in range(weight)]
    made = (chance.choice(names) for _ in range(VARIANTS * len(makers)))
    return [(name, make(chance)) for name, make in made]
