"""Django's backend for Postgres, but for what happens to connections that died in the pool."""

from typing import Any

from django.db.backends.postgresql import base

_LOOKS = 4
"""At one that was idle, and at three that the pool's workers were opening when Postgres died."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks whether a connection of the pool lives, and takes another at once where it does not.

    With CONN_HEALTH_CHECKS the pool looks by itself, but rests after each dead one that it
    finds, for a second and then two. After a restart of Postgres all that were idle are dead:
    whoever meets two of them gets none in time, one request after another until all were met.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Waits for the pool, and no longer than it does, where Postgres is away."""
        for _ in range(_LOOKS):
            lent = super().get_new_connection(conn_params)
            if self.pool is None or self._lives(lent):
                return lent
        return super().get_new_connection(conn_params)

    def _lives(self, lent: Any) -> bool:
        """Where it does not, nobody gets one any more that was idle beside it."""
        try:
            self.pool.check_connection(lent)
        except BaseException as error:
            try:
                self.pool.drain()  # first: then it does not keep what is given back, either
            finally:
                self.pool.putconn(lent)
            if not isinstance(error, self.Database.Error):
                raise
            return False
        return True
