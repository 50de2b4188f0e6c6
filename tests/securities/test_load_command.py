from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from securities.models import Security

pytestmark = pytest.mark.django_db


def load(*arguments: str) -> str:
    out = StringIO()
    call_command("load_securities", *arguments, stdout=out)
    return out.getvalue().strip()


def test_without_a_file_it_loads_the_universe_and_the_virtual_ones(settings: Any) -> None:
    settings.SIMULATED_TICKERS = 50
    assert "0 updated, 0 unchanged" in load()
    assert Security.objects.count() >= 1050
    assert Security.objects.filter(ticker__startswith="SIM").count() == 50
    assert load().startswith("Securities: 0 created, 0 updated, ")


def test_it_loads_a_file_and_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes("\ufeffticker,name\r\nnesn,Nestlé\r\n".encode())
    assert load(str(file)) == "Securities: 1 created, 0 updated, 0 unchanged."
    assert Security.objects.get().name == "Nestlé"


def test_columns_that_a_file_does_not_have_stay_as_they_are(tmp_path: Path) -> None:
    Security.objects.create(ticker="NESN", name="Nestle", exchange="SIX", currency="CHF")
    file = tmp_path / "names.csv"
    file.write_text("ticker,name\nNESN,Nestlé\nAAPL,Apple\n")
    assert load(str(file)) == "Securities: 1 created, 1 updated, 0 unchanged."
    rows = Security.objects.order_by("ticker").values_list("name", "exchange", "currency")
    assert list(rows) == [("Apple", "", "USD"), ("Nestlé", "SIX", "CHF")]


def test_a_bad_line_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("ticker,name\nAAPL,Apple\n?,Bad\n")
    with pytest.raises(CommandError, match=r"nothing was changed:\n  line 3: A ticker has"):
        load(str(file))
    assert not Security.objects.exists()


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes("ticker,name\nNESN,Nestlé\n".encode("latin-1"))
    with pytest.raises(CommandError, match="UTF-8"):
        load(str(file))


@pytest.mark.parametrize("name", ["nothing-here.csv", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: .+\.$"):
        load(str(tmp_path / name))
