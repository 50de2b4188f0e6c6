import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from securities import services
from securities.catalogue import CatalogueEntry
from securities.models import Security
from tests.conftest import set_active

APPLE = CatalogueEntry("AAPL", "Apple Inc.", "NASDAQ", "USD")
MICROSOFT = CatalogueEntry("MSFT", "Microsoft", "NASDAQ", "USD")

Make = Callable[..., Security]


def stored() -> dict[str, str]:
    return dict(Security.objects.values_list("ticker", "name"))


@pytest.mark.usefixtures("transactional_db")
class TestLoading:
    def test_it_creates_updates_and_leaves_alone(self, announced: list[str]) -> None:
        services.securities_load(entries=[APPLE, MICROSOFT])
        renamed = APPLE._replace(name="Apple", exchange="NYSE", currency="EUR")
        new = CatalogueEntry("IBM", "IBM", "NYSE", "USD")
        report = services.securities_load(entries=[renamed, MICROSOFT, new])
        assert report == (1, 1, 1)
        row = Security.objects.get(ticker="AAPL")
        assert (row.name, row.exchange, row.currency) == ("Apple", "NYSE", "EUR")
        assert len(announced) == 2

    def test_loading_twice_changes_nothing_and_is_not_announced(self, announced: list[str]) -> None:
        services.securities_load(entries=[APPLE, MICROSOFT])
        before = list(Security.objects.values())
        assert services.securities_load(entries=[APPLE, MICROSOFT]) == (0, 0, 2)
        assert list(Security.objects.values()) == before
        assert len(announced) == 1

    def test_what_staff_deactivated_stays_so_even_when_it_is_renamed(
        self, announced: list[str]
    ) -> None:
        services.securities_load(entries=[APPLE])
        set_active("AAPL", active=False)
        services.securities_load(entries=[APPLE._replace(name="Apple")])
        row = Security.objects.get()
        assert (row.name, row.is_active) == ("Apple", False)

    def test_nothing_is_deleted(self, announced: list[str]) -> None:
        services.securities_load(entries=[APPLE, MICROSOFT])
        services.securities_load(entries=[])
        assert set(stored()) == {"AAPL", "MSFT"}

    def test_of_two_entries_the_last_counts(self, announced: list[str]) -> None:
        assert services.securities_load(entries=[APPLE, APPLE._replace(name="Last")]).created == 1
        assert stored() == {"AAPL": "Last"}

    def test_a_load_that_fails_half_way_changes_nothing(self, announced: list[str]) -> None:
        too_long = CatalogueEntry("ZZZ", "x" * 201, "", "USD")
        with pytest.raises(Exception, match="too long"):
            services.securities_load(entries=[APPLE, too_long])
        assert stored() == {}
        assert announced == []

    def test_two_loads_at_once_both_succeed(self, announced: list[str]) -> None:
        entries = [CatalogueEntry(f"T{n}", f"Name {n}", "", "USD") for n in range(2000)]
        errors: list[BaseException] = []
        start = threading.Barrier(2)

        def load(some: list[CatalogueEntry]) -> None:
            try:
                start.wait(5)
                services.securities_load(entries=some)
            except BaseException as error:  # noqa: BLE001  # for the assertion below
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=load, args=(some,)) for some in (entries, entries[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert errors == []
        assert Security.objects.count() == 2000

    def test_adding_new_ones_leaves_the_others_as_staff_have_put_them(
        self, announced: list[str]
    ) -> None:
        services.securities_load(entries=[APPLE._replace(name="By hand")])
        set_active("AAPL", active=False)
        assert services.securities_add_new(entries=[APPLE, MICROSOFT]) == 1
        assert stored() == {"AAPL": "By hand", "MSFT": "Microsoft"}
        assert Security.objects.get(ticker="AAPL").is_active is False
        assert len(announced) == 3
        assert services.securities_add_new(entries=[APPLE, MICROSOFT]) == 0
        assert len(announced) == 3

    def test_of_what_exists_only_the_given_fields_are_updated(self, announced: list[str]) -> None:
        swiss = CatalogueEntry("NESN", "Nestle", "SIX", "CHF")
        services.securities_load(entries=[swiss])
        entries = [CatalogueEntry("NESN", "Nestlé", "", "USD"), APPLE]
        expected = (1, 1, 0)
        assert services.securities_compare(entries=entries, fields=("name",)) == expected
        assert services.securities_load(entries=entries, fields=("name",)) == expected
        rows = Security.objects.values_list("ticker", "name", "exchange", "currency")
        assert set(rows) == {APPLE, ("NESN", "Nestlé", "SIX", "CHF")}
        assert services.securities_load(entries=entries, fields=("name",)) == (0, 0, 2)

    def test_comparing_says_the_same_and_changes_nothing(self, announced: list[str]) -> None:
        services.securities_load(entries=[APPLE])
        entries = [APPLE._replace(name="Apple"), MICROSOFT]
        assert services.securities_compare(entries=entries) == (1, 1, 0)
        assert stored() == {"AAPL": "Apple Inc."}

    def test_ten_thousand_take_few_queries(
        self, announced: list[str], django_assert_max_num_queries: Any
    ) -> None:
        entries = [CatalogueEntry(f"T{n}", "Name", "", "USD") for n in range(10_000)]
        with django_assert_max_num_queries(15):
            services.securities_load(entries=entries)
        assert Security.objects.count() == 10_000


@pytest.mark.usefixtures("transactional_db")
class TestActivating:
    def test_a_change_is_made_and_announced_once(
        self, security: Make, announced: list[str]
    ) -> None:
        security("AAPL")
        assert [set_active("AAPL", active=False) for _ in range(2)] == [1, 0]
        assert Security.objects.get().is_active is False
        assert set_active("AAPL", active=True) == 1
        assert Security.objects.get().is_active is True
        assert len(announced) == 2

    def test_many_at_once_are_one_announcement_and_only_changes_count(
        self, security: Make, announced: list[str]
    ) -> None:
        for ticker in ("A", "B", "C"):
            security(ticker, is_active=ticker != "C")
        changed = services.securities_set_active(securities=Security.objects.all(), active=False)
        assert changed == 2
        assert not Security.objects.filter(is_active=True).exists()
        assert len(announced) == 1

    def test_a_change_that_is_rolled_back_is_not_announced(
        self, security: Make, announced: list[str]
    ) -> None:
        security("AAPL")
        with transaction.atomic():
            set_active("AAPL", active=False)
            transaction.set_rollback(True)
        assert announced == []
        assert Security.objects.get().is_active is True


@pytest.mark.usefixtures("transactional_db")
class TestCreatingAndUpdating:
    def test_a_new_security_is_active_and_announced(self, announced: list[str]) -> None:
        made = services.security_create(entry=APPLE)
        assert Security.objects.get() == made
        assert (made.ticker, made.is_active) == ("AAPL", True)
        assert len(announced) == 1

    def test_a_taken_ticker_is_refused_and_changes_nothing(
        self, security: Make, announced: list[str]
    ) -> None:
        security("AAPL", name="First")
        with pytest.raises(IntegrityError):
            services.security_create(entry=APPLE)
        assert stored() == {"AAPL": "First"}
        assert announced == []

    def test_a_renamed_security_keeps_its_id_and_quote(
        self, security: Make, announced: list[str]
    ) -> None:
        facebook = security("FB", price="300")
        entry = CatalogueEntry("META", "Meta Platforms", "NASDAQ", "USD")
        assert services.security_update(security=facebook, entry=entry) is True
        row = Security.objects.select_related("quote").get()
        assert (row.pk, row.ticker, row.quote.price) == (facebook.pk, "META", 300)
        assert len(announced) == 1

    def test_an_update_without_a_difference_is_not_announced(
        self, security: Make, announced: list[str]
    ) -> None:
        services.security_create(entry=APPLE)
        assert services.security_update(security=Security.objects.get(), entry=APPLE) is False
        assert len(announced) == 1
