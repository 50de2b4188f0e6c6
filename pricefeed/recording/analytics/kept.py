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
from functools import cache

import structlog
from redis import Redis
from redis.exceptions import RedisError

from pricefeed.columns import Column
from pricefeed.models import AnalyticsShard
from securities.redis_client import redis_client

log = structlog.get_logger(__name__)

PREFIX = "tickwatch:analytics"
SHARDS = 16

_VERSION = b"version"

_WRITE = """
-- KEYS: the hash. ARGV: the version that it must have to be right, the new one; then fields.
-- One call a field: as arguments of one, there could be too many.
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'version', ARGV[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Packed states of some securities in their order, None for those that are to be reread.

    `versions` are the committed ones of their shards, where there are any.
    """

    packed: list[bytes | None]
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
    for shard, (version, *packed) in copies.items():
        if version is not None and version == _text(versions.get(shard)):
            found.update(zip(by_shard[shard], packed, strict=True))
    return Kept([found.get(each) for each in securities.tolist()], versions, is_away)


def write_kept(securities: Column, packed: Sequence[bytes], *, was: Kept) -> None:
    """Keep these states, in the transaction that makes them true."""
    states = dict(zip(securities.tolist(), packed, strict=True))
    versions = {shard: secrets.randbits(63) for shard in _by_shard(states)}
    if not was.is_away:
        try:
            _copy(states, was.versions, versions)
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


def _copies(by_shard: Mapping[int, Sequence[int]]) -> dict[int, list[bytes | None]]:
    with _redis().pipeline(transaction=False) as pipe:
        for shard, securities in by_shard.items():
            pipe.hmget(_key(shard), [_VERSION, *securities])
        return dict(zip(by_shard, pipe.execute(), strict=True))


def _copy(
    states: Mapping[int, bytes], before: Mapping[int, int], versions: Mapping[int, int]
) -> None:
    with _redis().pipeline(transaction=False) as pipe:
        for shard, securities in _by_shard(states).items():
            fields = [part for each in securities for part in (each, states[each])]
            right, new = _text(before.get(shard)), _text(versions[shard])
            pipe.eval(_WRITE, 1, _key(shard), right, new, *fields)
        pipe.execute()


def _by_shard(securities: Iterable[int]) -> dict[int, list[int]]:
    by_shard: dict[int, list[int]] = {}
    for each in securities:
        by_shard.setdefault(each % SHARDS, []).append(each)
    return by_shard


def _text(version: int | None) -> bytes:
    return b"" if version is None else b"%d" % version


def _key(shard: int) -> str:
    return f"{PREFIX}:{shard}"


@cache
def _redis() -> Redis:
    """This process's."""
    return redis_client()
