"""`manage.py load_securities [FILE.csv]`: fill or refresh the catalogue."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from securities import services
from securities.catalogue import default_catalogue
from securities.catalogue_csv import CatalogueFile, CatalogueFileError, read_catalogue


class Command(BaseCommand):
    """See `help`."""

    help = (
        "Load securities: those of a CSV file (ticker,name,exchange,currency), or without one "
        "the US universe and SIMULATED_TICKERS virtual instruments. Existing ones get the names "
        "and so on that stand there. Safe to repeat: nothing is deleted, and what was "
        "deactivated stays so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a CSV file, UTF-8")

    def handle(self, *, file: Path | None, **options: object) -> None:
        if file:
            read = _read(file)
            report = services.securities_load(entries=read.entries, fields=read.fields)
        else:
            report = services.securities_load(entries=default_catalogue())
        self.stdout.write(f"Securities: {report}.")


def _read(path: Path) -> CatalogueFile:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_catalogue(file)
    except CatalogueFileError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{path} was refused, nothing was changed:\n{lines}") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
