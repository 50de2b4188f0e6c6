"""`manage.py load_securities [FILE.csv]`: fill or refresh the catalogue."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from securities import services
from securities.catalogue import CatalogueEntry, default_catalogue
from securities.catalogue_csv import CatalogueFileError, read_catalogue


class Command(BaseCommand):
    """See `help`."""

    help = (
        "Load securities: those of a CSV file (ticker,name,exchange,currency), or without one "
        "the US universe and SIMULATED_TICKERS virtual instruments. Safe to repeat: nothing is "
        "deleted, and what was deactivated stays so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a CSV file, UTF-8")

    def handle(self, *, file: Path | None, **options: object) -> None:
        entries = _read(file) if file else default_catalogue()
        report = services.securities_load(entries=entries)
        self.stdout.write(f"Securities: {report}.")


def _read(path: Path) -> list[CatalogueEntry]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_catalogue(file)
    except CatalogueFileError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{path} was refused, nothing was changed:\n{lines}") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
