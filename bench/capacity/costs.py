"""What the benchmark has measured, as `make bench` leaves it in bench/costs.json."""

from pathlib import Path

import msgspec

from bench.process import BenchmarkFailed

FILE = Path(__file__).parents[1] / "costs.json"

SMALL, LARGE = "500", "5000_zipf"
"""The universes of the fan-out: all tickers alike, and popularity by Zipf."""


class Costs(msgspec.Struct, frozen=True):
    """One machine's figures: CPU in µs or ms of one core, memory in KB (1,024) and MB."""

    machine: str
    date: str
    fan_out_us: dict[str, float]
    """CPU per user and tick, every user watching 20 tickers that all move; by universe."""
    fan_in_us: float
    """CPU per changed ticker and process, before anybody is told."""
    join_ms: float
    """CPU for a new signed-in socket until it has its snapshot."""
    quiet_us: float
    """CPU a second for an open socket without prices, which would take heartbeats along."""
    socket_kb: float
    process_mb: float
    """Resident memory of a web process without sockets."""
    frame_bytes: float
    """A `prices` frame of 20 quotes, with its WebSocket header."""
    redis_publish_bytes_per_ticker: float
    last_client_ms_p99: float | None = None
    """Commit to the last of 10,000 clients; for comparison, nothing is derived from it."""


def load(path: Path = FILE) -> Costs:
    """Raises BenchmarkFailed in one sentence where the file is missing or says nothing usable."""
    try:
        costs = msgspec.json.decode(path.read_bytes(), type=Costs)
    except OSError as error:
        raise BenchmarkFailed(f"{path}: {error.strerror}; `make bench` writes it.") from None
    except msgspec.MsgspecError as error:
        raise BenchmarkFailed(f"{path}: {error}") from None
    if SMALL not in costs.fan_out_us:
        raise BenchmarkFailed(f"{path}: fan_out_us has no figure for {SMALL} tickers.")
    wrong = [name for name, value in _figures(costs) if not 0 < value < float("inf")]
    if wrong:
        raise BenchmarkFailed(f"{path}: must be above 0: {', '.join(wrong)}.")
    return costs


def _figures(costs: Costs) -> list[tuple[str, float]]:
    figures = [(f"fan_out_us of {name}", value) for name, value in costs.fan_out_us.items()]
    for name in Costs.__struct_fields__:
        value = getattr(costs, name)
        if isinstance(value, int | float):
            figures.append((name, value))
    return figures
