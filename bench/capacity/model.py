"""The arithmetic of capacity: pure functions of costs, a service and limits.

A tick comes to everybody at once, so what counts is the burst, not the average: within
the planned share of the promised second Redis hands the tick to every process, then each
process, on a core of its own, takes it in and writes a frame to each of its users. That
asks for far more cores, and far wider links, than the average does. Every function
answers for as many Redis servers, hosts and processes as it takes; `parts` says which
of the things there is only one of gives way first.
"""

from dataclasses import dataclass
from math import ceil, floor

from bench.capacity.costs import LARGE, SMALL, Costs
from bench.capacity.plan import Limits, Service

MEASURED_PER_USER = 20
FIXED_PART = 0.5
"""Of the fan-out of 20 tickers, what a frame costs however short it is. Assumed."""
RESERVED_DESCRIPTORS = 256
MESSAGES_PER_PUBLISH = 500  # pricefeed.delivery.layer; a test compares them
SEGMENT_BYTES = 1448
"""What fits into one TCP segment on Ethernet, with time stamps."""
SEGMENT_OVERHEAD_BYTES = 90
"""IPv4 20, TCP with time stamps 32, Ethernet with its gap 38."""
OTHER_PROCESSES = 5
"""Two workers of two processes, and Beat."""
REFRESH_ROWS_READ, REFRESH_ROWS_WRITTEN = 3, 2  # a rotation of accounts.services
REDIS_LINKS_PER_PROCESS = 6
"""The layer's two, the hub's reader, cache, watchlists and health. Assumed."""
LIST_BYTES_PER_TICKER = 8
KILO, MEGA = 1024, 1024**2


class Impossible(Exception):
    """No number of machines would do; the message says what stands in the way."""


# -- One user, one process --------------------------------------------------------------------


def fan_out_us(costs: Costs, service: Service) -> float:
    """CPU µs per user and tick; measured for 20 tickers that all move, else by FIXED_PART."""
    universe = SMALL if service.tickers <= int(SMALL) or LARGE not in costs.fan_out_us else LARGE
    size = service.per_user * service.moving / MEASURED_PER_USER
    return costs.fan_out_us[universe] * (FIXED_PART + (1 - FIXED_PART) * size)


def fan_in_us(costs: Costs, service: Service) -> float:
    """CPU µs per process and tick, before anybody is told."""
    return costs.fan_in_us * service.changes


def renewals(service: Service, limits: Limits) -> float:
    """How many a second ask for a new token, and open their socket anew with it."""
    return service.users / (limits.token_minutes * 60)


def steady_us(costs: Costs, service: Service, limits: Limits) -> float:
    """CPU µs a second that a user takes: frames, an open socket, and a renewal once a token."""
    ticks = fan_out_us(costs, service) / service.period_seconds
    renewal = (costs.join_ms + limits.refresh_ms) * 1e3 / (limits.token_minutes * 60)
    return ticks + costs.quiet_us + renewal


def planned_seconds(limits: Limits) -> float:
    """From commit to the last client, with the reserve taken off."""
    return limits.within_seconds * limits.core_share


def redis_seconds(limits: Limits) -> float:
    """In which Redis has handed a tick to every process."""
    return planned_seconds(limits) * limits.redis_part


def flush_seconds(limits: Limits) -> float:
    """In which a process has taken a tick in and told all its users."""
    return planned_seconds(limits) - redis_seconds(limits)


def users_per_process(costs: Costs, service: Service, limits: Limits) -> int:
    """The most users one process may have. Raises Impossible where none would do."""
    return min(users_by_process_limit(costs, service, limits).values())


def users_by_process_limit(costs: Costs, service: Service, limits: Limits) -> dict[str, int]:
    """The same, limit by limit. Raises Impossible."""
    each, fixed = fan_out_us(costs, service) / 1e6, fan_in_us(costs, service) / 1e6
    steady = limits.core_share - fixed / service.period_seconds
    found = {
        "time to the last client": _whole((flush_seconds(limits) - fixed) / each),
        "average CPU": _whole(steady / (steady_us(costs, service, limits) / 1e6)),
        "open files": limits.descriptors - RESERVED_DESCRIPTORS,
    }
    for name, users in found.items():
        if users < 1:
            raise Impossible(f"A process cannot serve even one user: {name} does not allow it.")
    return found


def _whole(number: float) -> int:
    """Rounded down; 22,249.9999999 is arithmetic's way to say 22,250."""
    return floor(number * (1 + 1e-12))


# -- All of them ------------------------------------------------------------------------------


def processes(costs: Costs, service: Service, limits: Limits) -> int:
    """Web processes, each with a core of its own."""
    return ceil(service.users / users_per_process(costs, service, limits))


def average_cores(costs: Costs, service: Service, limits: Limits) -> float:
    """Cores that are busy on the average; all of them are while a tick goes out."""
    takers = processes(costs, service, limits) * fan_in_us(costs, service)
    everybody = service.users * steady_us(costs, service, limits)
    return (everybody + takers / service.period_seconds) / 1e6


def frame_bytes(costs: Costs, service: Service) -> float:
    """A frame with its WebSocket header: in proportion to the tickers in it."""
    return costs.frame_bytes * service.per_user * service.moving / MEASURED_PER_USER


def wire_bytes(costs: Costs, service: Service) -> float:
    """A frame with all that is around it on the wire."""
    frame = frame_bytes(costs, service)
    return frame + ceil(frame / SEGMENT_BYTES) * SEGMENT_OVERHEAD_BYTES


def network_out_bytes(costs: Costs, service: Service) -> float:
    """A second, on the average, from all hosts."""
    return service.users * wire_bytes(costs, service) / service.period_seconds


def network_burst_bytes(costs: Costs, service: Service, limits: Limits) -> float:
    """A second, while a tick goes out."""
    return service.users * wire_bytes(costs, service) / flush_seconds(limits)


def hosts(costs: Costs, service: Service, limits: Limits) -> int:
    """Machines for the web processes: by cores, or by what their links let out in time."""
    by_cores = ceil(processes(costs, service, limits) / limits.cores_per_host)
    by_links = ceil(network_burst_bytes(costs, service, limits) * 8 / limits.nic_bits)
    return max(by_cores, by_links)


def process_memory_bytes(costs: Costs, service: Service, limits: Limits) -> float:
    """Of all web processes: themselves, their boards, their sockets."""
    count = processes(costs, service, limits)
    boards = count * service.tickers * limits.board_kb * KILO
    return count * costs.process_mb * MEGA + boards + service.users * costs.socket_kb * KILO


def kernel_memory_bytes(costs: Costs, service: Service, limits: Limits) -> float:
    """Of all hosts' kernels: the sockets, and a frame under way to everybody."""
    return service.users * (limits.kernel_socket_kb * KILO + frame_bytes(costs, service))


# -- Redis ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RedisTraffic:
    """Bytes a second and publishes a second, on the average, of the whole service."""

    publishes: float
    bytes_in: float
    bytes_out: float


def batch_bytes(costs: Costs, service: Service) -> float:
    """A tick, as each process gets it."""
    return costs.redis_publish_bytes_per_ticker * service.changes


def redis_traffic(costs: Costs, service: Service, limits: Limits) -> RedisTraffic:
    """In goes each tick as messages and once more as the newest quotes; out to each process."""
    batch = batch_bytes(costs, service)
    publishes = ceil((service.changes + 2) / MESSAGES_PER_PUBLISH)  # two marks
    return RedisTraffic(
        publishes / service.period_seconds,
        2 * batch / service.period_seconds,
        processes(costs, service, limits) * batch / service.period_seconds,
    )


def processes_per_redis(costs: Costs, service: Service, limits: Limits) -> int:
    """To how many one Redis hands a tick in time. Raises Impossible where to none."""
    seconds_each = batch_bytes(costs, service) / limits.redis_out_bytes
    found = _whole(redis_seconds(limits) / seconds_each)
    if found < 1:
        raise Impossible("Redis cannot hand a tick to even one process in time.")
    return found


def redis_servers(costs: Costs, service: Service, limits: Limits) -> int:
    """How many would have to share the handing out; we can use one."""
    count = processes(costs, service, limits)
    return ceil(count / processes_per_redis(costs, service, limits))


def redis_connections(costs: Costs, service: Service, limits: Limits) -> int:
    """Of all programs."""
    return (processes(costs, service, limits) + OTHER_PROCESSES) * REDIS_LINKS_PER_PROCESS


# -- Postgres ---------------------------------------------------------------------------------


def feed_rows(service: Service) -> float:
    """Rows a second that the feed writes: a tick appended and a quote updated per change."""
    return 2 * service.changes / service.period_seconds


def rows_written(service: Service, limits: Limits) -> float:
    """A second, by the feed and by renewals of tokens."""
    return feed_rows(service) + renewals(service, limits) * REFRESH_ROWS_WRITTEN


def rows_read(service: Service, limits: Limits) -> float:
    """A second: token, user and list of each renewal; Redis keeps lists for ten minutes only."""
    return renewals(service, limits) * (REFRESH_ROWS_READ + 1 + service.per_user)


def postgres_connections(costs: Costs, service: Service, limits: Limits) -> int:
    """Of all programs at the most."""
    return (processes(costs, service, limits) + OTHER_PROCESSES) * limits.pool_size


# -- Everybody comes back at once -------------------------------------------------------------


def storm_seconds(costs: Costs, service: Service, limits: Limits) -> dict[str, float]:
    """Until everybody has a snapshot again, by what each part needs; the longest counts.

    At worst no list is in Redis any more (it keeps them ten minutes): then each user
    costs Postgres a row for the user and one for each ticker.
    """
    count = processes(costs, service, limits)
    idle = 1 - average_cores(costs, service, limits) / count
    lists = service.per_user * LIST_BYTES_PER_TICKER
    return {
        "web processes": service.users / count * costs.join_ms / 1e3 / idle,
        "Postgres": service.users * (1 + service.per_user) / limits.postgres_reads,
        "Redis": service.users * lists / limits.redis_out_bytes,
    }


# -- What gives way ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Something there is one of, and how many users it carries before it gives way."""

    name: str
    users: float


def parts(costs: Costs, service: Service, limits: Limits) -> list[Part]:
    """The first to give way first, for a service like this one of any size."""
    each = users_per_process(costs, service, limits)
    storm = limits.patience_seconds * limits.postgres_reads / (1 + service.per_user)
    links = limits.redis_clients // REDIS_LINKS_PER_PROCESS - OTHER_PROCESSES
    pools = limits.postgres_connections // limits.pool_size - OTHER_PROCESSES
    token_seconds = limits.token_minutes * 60
    writes = (limits.postgres_writes - feed_rows(service)) / REFRESH_ROWS_WRITTEN * token_seconds
    reads = limits.postgres_reads / (REFRESH_ROWS_READ + 1 + service.per_user) * token_seconds
    found = [
        Part(CONNECTIONS, max(pools, 0) * each),
        Part(STORM, _whole(storm)),
        Part(HANDING_OUT, processes_per_redis(costs, service, limits) * each),
        Part(REDIS_LINKS, max(links, 0) * each),
        Part(COMMITS, _whole(limits.postgres_commits * token_seconds)),
        Part(READS, _whole(reads)),
        Part(WRITES, max(_whole(writes), 0)),
    ]
    return sorted(found, key=lambda part: part.users)


CONNECTIONS = "Postgres' max_connections"
STORM = "Postgres, when everybody is back at once"
HANDING_OUT = "Redis, handing each tick to every process"
REDIS_LINKS = "Redis' maxclients"
COMMITS = "Postgres, committing new tokens"
READS = "Postgres, reading lists for sockets that come back with them"
WRITES = "Postgres, writing ticks and tokens"
