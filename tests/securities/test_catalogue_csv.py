import io

import pytest

from securities.catalogue import CatalogueEntry
from securities.catalogue_csv import CatalogueFileError, read_catalogue, write_catalogue
from securities.models import Security


def read(text: str) -> list[CatalogueEntry]:
    return read_catalogue(io.StringIO(text, newline="")).entries


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(CatalogueFileError) as refused:
        read(text)
    return [tuple(problem) for problem in refused.value.problems]


def test_it_reads_columns_in_any_order_and_fills_in_the_rest() -> None:
    entries = read("Name,TICKER\nApple Inc.,aapl\n")
    assert entries == [CatalogueEntry("AAPL", "Apple Inc.", "", "USD")]


def test_it_says_which_fields_the_file_had_columns_for() -> None:
    file = read_catalogue(io.StringIO("currency,is_active,ticker,name\n"))
    assert file == ([], ("name", "currency"))


def test_it_reads_quoted_cells_empty_lines_windows_line_ends_and_a_byte_order_mark() -> None:
    text = '\ufeffticker,name,exchange,currency\r\n\r\nNESN,"Nestlé, S.A.",SIX,chf\r\n,,,\r\n'
    assert read(text) == [CatalogueEntry("NESN", "Nestlé, S.A.", "SIX", "CHF")]


def test_a_bad_line_refuses_the_whole_file_and_is_named() -> None:
    text = "ticker,name\nAAPL,Apple\nA B C,Bad\n\nMSFT,\nMSFT,Microsoft\n"
    assert [line for line, _ in problems(text)] == [3, 5]


def test_lines_count_as_an_editor_shows_them_behind_a_cell_of_two_lines() -> None:
    text = 'ticker,name\nAAPL,"Apple\nInc."\nMSFT,\n'
    assert [line for line, _ in problems(text)] == [2, 4]


def test_a_ticker_that_comes_twice_is_a_problem_in_any_spelling() -> None:
    found = problems("ticker,name\nBRK.B,Berkshire\nbrk-b,Berkshire\n")
    assert found == [(3, "BRK.B is on line 2 already.")]


def test_a_line_with_too_few_or_too_many_cells_is_a_problem() -> None:
    found = problems("ticker,name\nAAPL\nMSFT,Microsoft,NASDAQ\n")
    assert [line for line, _ in found] == [2, 3]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "ticker"),
        ("ticker\nAAPL\n", "name"),
        ("ticker,name,price\nAAPL,Apple,1\n", "price"),
        ("ticker,name,ticker\nA,A,A\n", "twice"),
        ("ticker;name\nAAPL;Apple\n", "commas"),
    ],
)
def test_a_header_that_cannot_be_is_a_problem_of_line_1(text: str, word: str) -> None:
    ((line, message),) = problems(text)
    assert line == 1
    assert word in message


def test_what_is_not_csv_is_a_problem_not_a_crash() -> None:
    assert problems('ticker,name\nAAPL,"Apple\n')[0][0] == 2


def test_text_in_another_encoding_is_a_problem_not_a_crash() -> None:
    file = io.TextIOWrapper(io.BytesIO("ticker,name\nNESN,Nestlé\n".encode("latin-1")), "utf-8")
    with pytest.raises(CatalogueFileError):
        read_catalogue(file)


def test_a_file_of_rubbish_names_a_hundred_lines_not_all() -> None:
    assert len(problems("ticker,name\n" + "?,x\n" * 1000)) == 100


def test_what_is_written_reads_back() -> None:
    rows = [
        Security(ticker="BRK.B", name='Berkshire "H", Inc.', exchange="NYSE", currency="USD"),
        Security(ticker="NESN", name="Nestlé", exchange="", currency="CHF", is_active=False),
    ]
    file = io.StringIO()
    write_catalogue(rows, file)
    assert file.getvalue().splitlines()[2] == "NESN,Nestlé,,CHF,no"
    assert read(file.getvalue()) == [
        CatalogueEntry(row.ticker, row.name, row.exchange, row.currency) for row in rows
    ]
