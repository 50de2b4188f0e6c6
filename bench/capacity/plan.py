"""What is asked for, and what is believed of machines and servers: the inputs of the model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """So many users with a socket each, who watch `per_user` of the `tickers`."""

    users: int
    per_user: int = 20
    tickers: int = 5000
    period_seconds: float = 5.0
    moving: float = 1.0
    """The share of the tickers that change in a period."""

    @property
    def changes(self) -> float:
        """Changed tickers a tick."""
        return self.tickers * self.moving


@dataclass(frozen=True)
class Limits:
    """Assumptions, none of them measured by us. Each is an option of the command."""

    within_seconds: float = 1.0
    """The promise: commit to the last client."""
    core_share: float = 0.6
    """Of each core, and of the promised time, to plan with."""
    redis_part: float = 0.25
    """Of the planned time, for Redis to hand a tick to every process; the rest is theirs."""
    cores_per_host: int = 16
    nic_bits: float = 10e9
    """A second and host."""
    descriptors: int = 65_536
    """Open files of a process."""
    redis_out_bytes: float = 400e6
    """A second, from one Redis to all who listen."""
    redis_clients: int = 10_000
    """Connections to one Redis: its own default."""
    postgres_connections: int = 100
    """Its own default."""
    pool_size: int = 8
    """DATABASE_POOL_SIZE: the most connections of one process."""
    token_minutes: float = 15.0
    """ACCESS_TOKEN_MINUTES: how often each socket ends, to come back with a new token."""
    refresh_ms: float = 7.0
    """CPU of the REST request for that token; tried once, not part of the benchmark."""
    postgres_commits: float = 5000
    """Small transactions a second that are written, with fsync."""
    postgres_reads: float = 200_000
    """Rows a second, by short queries."""
    postgres_writes: float = 50_000
    """Rows a second, appended or updated in bulk."""
    patience_seconds: float = 60.0
    """In which everybody shall be back after a failure of everything."""
    kernel_socket_kb: float = 4.0
    """The kernel's memory for a quiet socket."""
    board_kb: float = 2.0
    """A process' memory for a ticker that somebody watches."""
