"""What the search index is built from: the active securities in Postgres."""

from collections.abc import Iterator

from django.db.models import CharField, Count, F, Func, IntegerField, Sum, Value
from django.db.models.functions import Cast, Concat

from securities.models import Security
from securities.search.index import Row

Fingerprint = tuple[int, int]

_ROWS_AT_A_TIME = 500


def rows() -> Iterator[Row]:
    """The active securities, a few hundred at a time, so as not to hold up other threads."""
    active = Security.objects.filter(is_active=True).order_by()
    for row in active.values_list("id", "ticker", "name").iterator(_ROWS_AT_A_TIME):
        yield Row(*row)


def fingerprint() -> Fingerprint:
    """Their number and a hash of what is told of them; differs, but for a freak, when that does."""
    row = Concat(
        Cast("id", CharField()), Value(" "), F("ticker"), Value(" "), F("name"), Value("\n"),
        F("exchange"), Value("\n"), F("currency"), output_field=CharField(),
    )  # fmt: skip
    row_hash = Func(row, function="hashtext", output_field=IntegerField())
    found = Security.objects.filter(is_active=True).aggregate(count=Count("*"), sum=Sum(row_hash))
    return found["count"], found["sum"] or 0
