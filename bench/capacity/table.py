"""The figures of capacity as rows: each says how it is known."""

from collections.abc import Callable, Sequence

from bench.capacity import model
from bench.capacity.costs import LARGE, SMALL, Costs
from bench.capacity.plan import Limits, Service
from bench.section import Section

Row = tuple[str, ...]
Figure = Callable[[Service], str]


def sections(costs: Costs, services: Sequence[Service], limits: Limits) -> list[Section]:
    """What it takes, a column a service; and what gives way first. Raises Impossible."""
    columns = ("", *(f"{each.users:,} users" for each in services), "how it is known")
    rows = [
        (name, *(figure(each) for each in services), source(costs, services[0], known))
        for name, figure, known in _figures(costs, limits)
    ]
    parts = model.parts(costs, services[0], limits)
    return [
        Section("What it takes", method(costs, services[0], limits), columns, rows),
        Section(
            "What gives way first",
            _first(parts[0]),
            ("part", "users", "how it is known"),
            [_part(part) for part in parts],
        ),
    ]


def method(costs: Costs, service: Service, limits: Limits) -> str:
    """Everything the figures rest on, in one paragraph."""
    last = costs.last_client_ms_p99
    measured = (
        f" In that run the last of 10,000 clients, on two cores with them all, had a price "
        f"{last:,.0f} ms after its commit (99th percentile)."
        if last
        else ""
    )
    return (
        f"{service.per_user} tickers a user of {service.tickers:,}, {service.moving:.0%} of them "
        f"changing every {service.period_seconds:g} s. Costs of one core measured on "
        f"{costs.machine}, {costs.date}. Assumed: {limits.core_share:.0%} of a core and of the "
        f"{limits.within_seconds:g} s promised are planned with, {limits.redis_part:.0%} of that "
        f"for Redis; {limits.cores_per_host} cores and {limits.nic_bits / 1e9:g} Gbit/s a host; "
        f"{_bytes(limits.redis_out_bytes)}/s out of a Redis; {limits.descriptors:,} open files a "
        f"process.{measured}"
    )


def _first(part: model.Part) -> str:
    return (
        f"Of what there is one of, each suffices for so many users. The first to give way is "
        f"{part.name}, at {part.users:,.0f}."
    )


def source(costs: Costs, service: Service, known: str) -> str:
    """`fan_out_us` alone may be measured or not, by what is asked for."""
    return known if known != "fan-out" else _fan_out_source(costs, service)


def _fan_out_source(costs: Costs, service: Service) -> str:
    is_measured = (
        service.per_user == model.MEASURED_PER_USER
        and service.moving == 1
        and (
            service.tickers == int(SMALL) or (service.tickers == 5000 and LARGE in costs.fan_out_us)
        )
    )
    return "measured" if is_measured else "extrapolated from fan_out_us"


def _figures(costs: Costs, limits: Limits) -> list[tuple[str, Figure, str]]:
    return [*_web(costs, limits), *_servers(costs, limits), *_storm(costs, limits)]


def _web(costs: Costs, limits: Limits) -> list[tuple[str, Figure, str]]:
    def limited_by(service: Service) -> str:
        found = model.users_by_process_limit(costs, service, limits)
        return min(found, key=lambda name: found[name])

    return [
        (
            "CPU per user and tick",
            lambda each: f"{model.fan_out_us(costs, each):.1f} µs",
            "fan-out",
        ),
        (
            "users a process",
            lambda each: f"{model.users_per_process(costs, each, limits):,}",
            "extrapolated from CPU per user, fan_in_us",
        ),
        ("…limited by", limited_by, "extrapolated"),
        (
            "web processes, a core each",
            lambda each: f"{model.processes(costs, each, limits):,}",
            "extrapolated",
        ),
        (
            "cores busy on the average",
            lambda each: f"{model.average_cores(costs, each, limits):,.1f}",
            "extrapolated; token requests assumed",
        ),
        (
            "hosts for them",
            lambda each: f"{model.hosts(costs, each, limits):,}",
            "extrapolated; host assumed",
        ),
        (
            "memory of the processes",
            lambda each: _bytes(model.process_memory_bytes(costs, each, limits)),
            "extrapolated from socket_kb, process_mb; boards assumed",
        ),
        (
            "memory of the kernels",
            lambda each: _bytes(model.kernel_memory_bytes(costs, each, limits)),
            "assumed",
        ),
        (
            "network out, average",
            lambda each: _rate(model.network_out_bytes(costs, each)),
            "extrapolated from frame_bytes; TCP/IP counted",
        ),
        (
            "network out, while a tick goes out",
            lambda each: _rate(model.network_burst_bytes(costs, each, limits)),
            "extrapolated",
        ),
    ]


def _servers(costs: Costs, limits: Limits) -> list[tuple[str, Figure, str]]:
    return [
        (
            "Redis: publishes a second",
            lambda each: f"{model.redis_traffic(costs, each, limits).publishes:,.1f}",
            "counted from the code",
        ),
        (
            "Redis: in",
            lambda each: f"{_bytes(model.redis_traffic(costs, each, limits).bytes_in)}/s",
            "extrapolated from redis_publish_bytes_per_ticker",
        ),
        (
            "Redis: out, processes times the batch",
            lambda each: f"{_bytes(model.redis_traffic(costs, each, limits).bytes_out)}/s",
            "extrapolated from redis_publish_bytes_per_ticker",
        ),
        (
            "Redis servers to hand it out in time",
            lambda each: f"{model.redis_servers(costs, each, limits):,}",
            "extrapolated; rate assumed; we can use 1",
        ),
        (
            "Redis: connections",
            lambda each: f"{model.redis_connections(costs, each, limits):,}",
            "counted, assumed per process",
        ),
        (
            "tokens renewed, and sockets with them, a second",
            lambda each: f"{model.renewals(each, limits):,.0f}",
            "counted from the settings",
        ),
        (
            "Postgres: rows written a second",
            lambda each: f"{model.rows_written(each, limits):,.0f}",
            "counted from the code",
        ),
        (
            "Postgres: rows read a second",
            lambda each: f"{model.rows_read(each, limits):,.0f}",
            "counted from the code",
        ),
        (
            "Postgres: connections at most",
            lambda each: f"{model.postgres_connections(costs, each, limits):,}",
            "counted from the settings",
        ),
    ]


def _storm(costs: Costs, limits: Limits) -> list[tuple[str, Figure, str]]:
    def longest(service: Service) -> str:
        found = model.storm_seconds(costs, service, limits)
        name = max(found, key=lambda part: found[part])
        return f"{found[name]:,.0f} s ({name})"

    return [
        (
            "everybody back, lists in Redis",
            lambda each: (
                f"{model.storm_seconds(costs, each, limits)['web processes']:,.0f} s (web)"
            ),
            "extrapolated from join_ms",
        ),
        ("everybody back, no list in Redis", longest, "extrapolated; Postgres' rate assumed"),
    ]


_REASONS = {
    model.CONNECTIONS: "counted; a setting: raise it, lower DATABASE_POOL_SIZE, or PgBouncer",
    model.STORM: "assumed; beyond it takes longer than planned, nothing breaks",
    model.HANDING_OUT: "extrapolated; rate assumed",
    model.REDIS_LINKS: "counted, assumed per process; a setting",
    model.COMMITS: "counted; rate assumed",
    model.READS: "counted; rate assumed",
    model.WRITES: "counted; rate assumed",
}


def _part(part: model.Part) -> Row:
    return part.name, f"{part.users:,.0f}", _REASONS[part.name]


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} TB"


def _rate(bytes_per_second: float) -> str:
    return f"{_bytes(bytes_per_second)}/s ({bytes_per_second * 8 / 1e9:,.1f} Gbit/s)"
