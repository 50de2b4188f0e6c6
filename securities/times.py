"""Times on the wire: integer milliseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds, rounded down, without a detour through floats."""
    return (moment - _EPOCH) // _MILLISECOND
