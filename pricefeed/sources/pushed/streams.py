"""Where accepted ticks wait to be recorded: Redis streams, a partition of the tickers each."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
from django.conf import settings

from pricefeed.columns import TickColumns, packed_length, unpack
from pricefeed.recording.positions import Position, Step
from pricefeed.sources.pushed import scripts
from rest.errors import ApiError
from securities.redis_client import redis_client

PREFIX = "tickwatch:{ticks}"
CLAIM_SECONDS = 24 * 3600
BATCH_BYTES = 1_200_000
"""Enough for a batch: fifty thousand ticks; one entry more may be read."""

BUSY_RETRY_SECONDS = 2
_RETRY_SECONDS = 60  # longer than any client of ours tries the same call again
_FLAG_SECONDS = 2
_TIMEOUT_SECONDS = 2.0


class Busy(ApiError):
    """More ticks wait than may: nothing of this message was taken. Over REST: 503 `busy`."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "busy",
            "More prices wait to be recorded than may. Nothing was taken; try again shortly.",
            headers={"Retry-After": str(BUSY_RETRY_SECONDS)},
        )


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """What was said to a message, and its fingerprint: kept for whoever sends it again."""

    fingerprint: bytes
    accepted: int
    refused: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a message: the answer that counts, which may have been given before.

    `dropped` ticks had to go for it; recorders should be asked for `partitions`.
    """

    answer: Answer
    is_repeat: bool = False
    dropped: int = 0
    partitions: Sequence[int] = ()


class Lag(NamedTuple):
    """How many ticks of a partition wait, and since how many seconds the oldest of them."""

    ticks: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Ticks that were read from a stream, and the step that reading them is."""

    ticks: TickColumns
    step: Step


_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Answer).decode


class Streams:
    """One client of Redis. Every call raises RedisError where it is away."""

    def __init__(self) -> None:
        client = redis_client(timeout_seconds=_TIMEOUT_SECONDS)
        self._redis: Any = client  # redis-py types one method for both its clients
        self._append = client.register_script(scripts.APPEND)
        self._read = client.register_script(scripts.READ)
        self._trim = client.register_script(scripts.TRIM)
        self._lag = client.register_script(scripts.LAG)

    def answered(self, claim: str) -> Answer | None:
        """What was said when this was claimed; None where nobody has."""
        found = self._redis.get(_key("claim", claim))
        return None if found is None else _unpack(found)

    def append(self, ticks: TickColumns, answer: Answer, *, claim: str | None = None) -> Appended:
        """Take ticks, all or none, unless the claim was made before. Raises Busy.

        The claim is a name for the message that its sender gave. Without one it is
        claimed all the same, for the time in which our own client may repeat a call
        whose answer it missed.
        """
        name, life = (claim, CLAIM_SECONDS) if claim else (uuid.uuid4().hex, _RETRY_SECONDS)
        keys = [_key("epoch"), _key("appended"), _key("gone"), _key("claim", name)]
        values: list[Any] = [
            uuid.uuid4().hex,
            settings.TICKS_WAITING_PER_PARTITION,
            settings.TICKS_WAITING,
            _pack(answer),
            life,
            _FLAG_SECONDS,
        ]
        for partition, its in _by_partition(ticks).items():
            keys += [_key("stream", partition), _key("asked", partition)]
            values += [partition, len(its), its.pack()]
        what, *rest = self._append(keys=keys, args=values)
        if what == b"busy":
            raise Busy
        if what == b"again":
            return Appended(_unpack(rest[0]), is_repeat=True)
        return Appended(answer, dropped=int(rest[0]), partitions=[int(each) for each in rest[1]])

    def read(self, position: Position, *, enough: int = BATCH_BYTES) -> Batch:
        """The next ticks after a position, of so many bytes or a few more; none where none are."""
        keys = [_key("epoch"), _key("stream", position.partition)]
        args: list[str | int] = [position.epoch, position.last_id, enough]
        epoch, entries = self._read(keys=keys, args=args)
        return _batch(position, epoch.decode(), entries)

    def trim(self, position: Position) -> None:
        """Let go of everything up to a position that was committed."""
        partition = position.partition
        keys = [_key("epoch"), _key("stream", partition), _key("gone"), _key("appended")]
        args: list[str | int] = [position.epoch, position.last_id, partition, position.taken]
        self._trim(keys=keys, args=args)

    def waiting(self) -> Mapping[int, int]:
        """How many ticks wait, by partition: also in those that are used no longer."""
        appended, gone = self._counts()
        counts = {each: n - gone.get(each, 0) for each, n in appended.items()}
        return {partition: count for partition, count in counts.items() if count > 0}

    def lag(self) -> tuple[int, Mapping[int, Lag]]:
        """How many ticks these streams have received, and how far behind each partition is."""
        appended, gone = self._counts()
        partitions = sorted(appended.keys() | set(range(settings.TICK_PARTITIONS)))
        waits = self._lag(keys=[_key("stream", each) for each in partitions])
        return sum(appended.values()), {
            each: Lag(max(0, appended.get(each, 0) - gone.get(each, 0)), int(wait) / 1000)
            for each, wait in zip(partitions, waits, strict=True)
        }

    def _counts(self) -> list[dict[int, int]]:
        """Of each partition: the ticks that there ever were, and those that are there no more."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(_key("appended"))
            pipe.hgetall(_key("gone"))
            return [{int(k): int(v) for k, v in found.items()} for found in pipe.execute()]

    def are_used(self) -> bool:
        """Whether any tick has been pushed in this Redis."""
        return bool(self._redis.exists(_key("epoch")))

    def ask(self, partition: int) -> bool:
        """Whether a recorder should be asked for: False while one has been."""
        key = _key("asked", partition)
        return bool(self._redis.set(key, "1", nx=True, ex=_FLAG_SECONDS))

    def begin(self, partition: int) -> None:
        """A recorder has begun: what comes from now on asks for the next."""
        self._redis.delete(_key("asked", partition))


@cache
def streams() -> Streams:
    """This process's."""
    return Streams()


def _key(*parts: object) -> str:
    return ":".join((PREFIX, *map(str, parts)))


def _by_partition(ticks: TickColumns) -> dict[int, TickColumns]:
    """The same security is always in the same one, so its ticks stay in order."""
    of = ticks.security % settings.TICK_PARTITIONS
    return {int(each): ticks.where(of == each) for each in np.unique(of)}


def _batch(position: Position, epoch: str, entries: Sequence[Sequence[bytes]]) -> Batch:
    if not epoch:  # nothing was ever pushed there: no reason to forget where we were
        return Batch(unpack(b""), Step(position, position))
    is_new = epoch != position.epoch
    taken = 0 if is_new else position.taken
    dropped, last_id = 0, "0-0" if is_new else position.last_id
    for entry_id, packed, upto in entries:
        dropped += max(0, int(upto) - packed_length(packed) - taken)
        taken, last_id = int(upto), entry_id.decode()
    end = Position(position.partition, epoch, last_id, taken)
    return Batch(unpack(b"".join(packed for _, packed, _ in entries)), Step(position, end, dropped))
