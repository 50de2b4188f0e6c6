"""How far each stream of pushed ticks has been recorded: kept in Postgres, moved with the ticks.

The position is committed in the transaction that commits what was read up to it. A
worker that dies before the commit has recorded nothing, and the batch is read again;
one that dies after it finds the position behind the batch.
"""

from dataclasses import dataclass

from django.db.models import F

from pricefeed.models import StreamPosition


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream of a partition.

    `epoch` names the life of the streams: in a Redis that lost its data another one begins,
    and everything in it is new. `last_id` is the last entry that was taken; `taken` counts
    the ticks of this epoch up to there.
    """

    partition: int
    epoch: str = ""
    last_id: str = "0-0"
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """From one position to the next; `dropped` ticks on the way were gone before they were read."""

    begin: Position
    end: Position
    dropped: int = 0


class StepTaken(Exception):
    """The stream has been recorded further meanwhile: another worker was there first."""


def position_of(partition: int) -> Position:
    """How far this partition's stream has been recorded; its beginning where it never was."""
    row, _ = StreamPosition.objects.get_or_create(partition=partition)
    return Position(partition, row.epoch, row.last_id, row.taken)


def advance(step: Step) -> None:
    """Make the step, in the transaction of what was read. Raises StepTaken."""
    begin, end = step.begin, step.end
    rows = StreamPosition.objects.filter(
        partition=begin.partition, epoch=begin.epoch, last_id=begin.last_id
    )
    values = {"epoch": end.epoch, "last_id": end.last_id, "taken": end.taken}
    if not rows.update(**values, dropped=F("dropped") + step.dropped):
        raise StepTaken
