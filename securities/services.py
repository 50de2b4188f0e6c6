"""The only writers of securities. Each announces on commit that something has changed."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from securities import events
from securities.catalogue import FIELDS, CatalogueEntry
from securities.models import Security

_ROWS_AT_A_TIME = 5000


class LoadReport(NamedTuple):
    """How many securities a load made, changed and found as they should be."""

    created: int
    updated: int
    unchanged: int

    def __str__(self) -> str:
        return f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"


def securities_load(
    *, entries: Iterable[CatalogueEntry], fields: Sequence[str] = FIELDS
) -> LoadReport:
    """Create what is new, update what differs; safe to repeat and to run twice at once.

    Of securities that exist only `fields` are updated, and what staff have deactivated
    stays so. Of several entries with the same ticker the last counts. Nothing is
    deleted. All or nothing.
    """
    wanted = {entry.ticker: entry for entry in entries}
    with transaction.atomic():
        report, changed = _compare(wanted, fields)
        rows = [Security(**wanted[ticker]._asdict()) for ticker in sorted(changed)]
        # In order of tickers, so that two loads at once cannot lock each other out.
        Security.objects.bulk_create(
            rows,
            batch_size=_ROWS_AT_A_TIME,
            update_conflicts=True,
            unique_fields=["ticker"],
            update_fields=fields,
        )
        if changed:
            events.announce_change()
    return report


def securities_add_new(*, entries: Iterable[CatalogueEntry]) -> int:
    """Create the securities whose tickers are not there yet; how many. Others stay untouched.

    For what runs by itself: unlike `securities_load` it does not undo what staff have corrected.
    A ticker that staff have changed is free again: if it is in a catalogue, it becomes a new
    security, without the other's history, until staff deactivate that one.
    """
    wanted = {entry.ticker: entry for entry in entries}
    known = set(Security.objects.filter(ticker__in=wanted).values_list("ticker", flat=True))
    new = [Security(**wanted[ticker]._asdict()) for ticker in sorted(wanted) if ticker not in known]
    with transaction.atomic():
        Security.objects.bulk_create(new, batch_size=_ROWS_AT_A_TIME, ignore_conflicts=True)
        if new:
            events.announce_change()
    return len(new)


def securities_compare(
    *, entries: Iterable[CatalogueEntry], fields: Sequence[str] = FIELDS
) -> LoadReport:
    """What `securities_load` would do now. Changes nothing."""
    return _compare({entry.ticker: entry for entry in entries}, fields)[0]


def security_create(*, entry: CatalogueEntry) -> Security:
    """Add one security, active. Raises IntegrityError if its ticker is taken."""
    with transaction.atomic():
        security = Security.objects.create(**entry._asdict())
        events.announce_change()
    return security


def security_update(*, security: Security, entry: CatalogueEntry) -> bool:
    """Rename or correct a security; says whether anything changed.

    A new ticker keeps the price, the history and the places on watchlists.
    Raises IntegrityError if the new ticker is another security's.
    """
    differing = [
        field for field, value in entry._asdict().items() if _differs(security, field, value)
    ]
    if not differing:
        return False
    for field in differing:
        setattr(security, field, getattr(entry, field))
    with transaction.atomic():
        security.save(update_fields=differing)
        events.announce_change()
    return True


def securities_set_active(*, securities: QuerySet[Security], active: bool) -> int:
    """Activate or deactivate many at once, with one announcement; how many it changed."""
    with transaction.atomic():
        changed = securities.filter(is_active=not active).update(is_active=active)
        if changed:
            events.announce_change()
    return changed


def _compare(
    wanted: dict[str, CatalogueEntry], fields: Sequence[str]
) -> tuple[LoadReport, list[str]]:
    """The report of loading these fields of `wanted`, and the tickers that are new or differ."""
    rows = Security.objects.values_list("ticker", *fields)
    known = {row[0]: row for row in rows.iterator(chunk_size=_ROWS_AT_A_TIME)}
    said = attrgetter("ticker", *fields)
    new = [ticker for ticker in wanted if ticker not in known]
    differing = [t for t, entry in wanted.items() if t in known and known[t] != said(entry)]
    unchanged = len(wanted) - len(new) - len(differing)
    return LoadReport(len(new), len(differing), unchanged), new + differing


def _differs(security: Security, field: str, value: str) -> bool:
    return bool(getattr(security, field) != value)
