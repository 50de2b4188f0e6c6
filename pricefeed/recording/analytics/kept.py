"""States in Redis: a copy, and which of its copies is the committed one.

A hash for each shard of the securities holds their states, and a version. So does a row
in Postgres: each commit that changes a shard draws a new version for both, at random.
Where they are equal, exactly that commit has written the hash. A commit that was rolled
back, a Redis that went away, came back empty or as it was an hour ago: in each case they
differ, nothing of the hash is believed, and the next commit begins it anew.

All of this happens while the counter's row is locked, so never twice at once.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import structlog
from redis.exceptions import RedisError

from pricefeed.columns import Column
from pricefeed.models import AnalyticsShard
from securities.redis_client import redis_client

log = structlog.get_logger(__name__)

PREFIX = "tickwatch:states"
SHARDS = 16

# A call for each state is cheap where Redis makes it, so the states of a hash travel as one text.
_READ = """
-- KEYS: the hash. ARGV: fields. Gives the version, the lengths of the states, the states.
local lengths, states = {}, {}
for field in string.gmatch(ARGV[1], '%d+') do
  local state = redis.call('HGET', KEYS[1], field) or ''
  lengths[#lengths + 1] = #state
  states[#states + 1] = state
end
local version = redis.call('HGET', KEYS[1], 'version') or ''
return {version, table.concat(lengths, ' '), table.concat(states)}
"""

_WRITE = """
-- KEYS: the hash. ARGV: the version that it must have to be right, the new one; fields, the
--       lengths of their states, the states.
-- Into no file and to no replica: megabytes a second, and whoever lacks it makes it anew.
redis.set_repl(redis.REPL_NONE)
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'version', ARGV[2])
local lengths, begin = string.gmatch(ARGV[4], '%d+'), 1
for field in string.gmatch(ARGV[3], '%d+') do
  local length = tonumber(lengths())
  redis.call('HSET', KEYS[1], field, string.sub(ARGV[5], begin, begin + length - 1))
  begin = begin + length
end
"""


class Copy(NamedTuple):
    """What a hash has: its version, and the states that were asked for."""

    version: bytes
    states: list[bytes | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """Packed states of some securities in their order, None for those that are to be reread.

    `by_shard` are these securities; `versions` the committed ones, where there are any.
    """

    packed: list[bytes | None]
    by_shard: Mapping[int, Sequence[int]]
    versions: Mapping[int, int]
    is_away: bool


def read_kept(securities: Column) -> Kept:
    """What Redis has of these securities, as far as it is committed. One query."""
    by_shard = _by_shard(securities.tolist())
    try:
        copies = _copies(by_shard)
        is_away = False
    except (RedisError, OSError) as error:
        log.warning("analytics_not_read", cause=error)
        copies, is_away = {}, True
    versions = dict(
        AnalyticsShard.objects.filter(number__in=by_shard).values_list("number", "version")
    )
    found: dict[int, bytes | None] = {}
    for shard, copy in copies.items():
        if copy.version and copy.version == _text(versions.get(shard)):
            found.update(zip(by_shard[shard], copy.states, strict=True))
    packed = [found.get(each) for each in securities.tolist()]
    return Kept(packed, by_shard, versions, is_away)


def write_kept(securities: Column, packed: Sequence[bytes], *, was: Kept) -> None:
    """Keep these states, in the transaction that makes them true."""
    versions = {shard: secrets.randbits(63) for shard in was.by_shard}
    if not was.is_away:
        states = dict(zip(securities.tolist(), packed, strict=True))
        try:
            _copy(states, was, versions)
        except (RedisError, OSError) as error:
            log.warning("analytics_not_kept", cause=error)
    AnalyticsShard.objects.bulk_create(
        [AnalyticsShard(number=shard, version=version) for shard, version in versions.items()],
        update_conflicts=True,
        update_fields=["version"],
        unique_fields=["number"],
    )


def forget_kept() -> None:
    """Let every state be reread: what the totals are taken from was made anew."""
    AnalyticsShard.objects.all().delete()


def _copies(by_shard: Mapping[int, Sequence[int]]) -> dict[int, Copy]:
    with redis_client().pipeline(transaction=False) as pipe:
        for shard, securities in by_shard.items():
            pipe.eval(_READ, 1, _key(shard), _words(securities))
        return {
            shard: Copy(version, _split(states, map(int, lengths.split())))
            for shard, (version, lengths, states) in zip(by_shard, pipe.execute(), strict=True)
        }


def _copy(states: Mapping[int, bytes], was: Kept, versions: Mapping[int, int]) -> None:
    with redis_client().pipeline(transaction=False) as pipe:
        for shard, securities in was.by_shard.items():
            its = [states[each] for each in securities]
            right, new = _text(was.versions.get(shard)), _text(versions[shard])
            fields, lengths = _words(securities), _words(map(len, its))
            pipe.eval(_WRITE, 1, _key(shard), right, new, fields, lengths, b"".join(its))
        pipe.execute()


def _split(states: bytes, lengths: Iterable[int]) -> list[bytes | None]:
    edges = accumulate(lengths, initial=0)
    return [states[begin:end] or None for begin, end in pairwise(edges)]


def _words(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))


def _by_shard(securities: Iterable[int]) -> dict[int, list[int]]:
    by_shard: dict[int, list[int]] = {}
    for each in securities:
        by_shard.setdefault(each % SHARDS, []).append(each)
    return by_shard


def _text(version: int | None) -> bytes:
    return b"" if version is None else b"%d" % version


def _key(shard: int) -> str:
    return f"{PREFIX}:{shard}"
