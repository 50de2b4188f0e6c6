import csv
import io
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from securities.models import Quote, Security

Make = Callable[..., Security]

LIST = reverse("admin:securities_security_changelist")
ADD = reverse("admin:securities_security_add")
IMPORT = reverse("admin:securities_security_import")
EXPORT = reverse("admin:securities_security_export")


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """A browser in which staff are signed in."""
    client.force_login(staff)
    return client


def fields(**changed: str) -> dict[str, str]:
    good = {"ticker": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ", "currency": "USD"}
    return {**good, **changed}


def errors(response: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def page(security: Security) -> str:
    return reverse("admin:securities_security_change", args=[security.pk])


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


class TestList:
    def test_it_shows_price_change_and_age(self, desk: Client, security: Make) -> None:
        security("AAPL", price="187.32", previous_close="182.82")
        Quote.objects.update(updated_at=timezone.now() - timezone.timedelta(hours=3))
        security("MSFT")
        text = text_of(desk.get(LIST))
        assert '<td class="field-price">187.32</td>' in text
        assert '<td class="field-change">4.50 (2.46 %)</td>' in text
        assert '<td class="field-price_age">3 hours ago</td>' in text
        assert '<td class="field-price_age">no price</td>' in text

    def test_it_takes_as_many_queries_for_sixty_as_for_one(
        self, desk: Client, security: Make, django_assert_num_queries: Any
    ) -> None:
        security("AAPL", price="1")
        # session, user, his permissions and his groups', count, rows, two filters
        with django_assert_num_queries(8):
            desk.get(LIST)
        for number in range(60):
            security(f"T{number}", price="1")
        with django_assert_num_queries(8):
            desk.get(LIST)

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("q=appl", {"AAPL"}),
            ("q=msft", {"MSFT"}),
            ("is_active__exact=0", {"IBM"}),
            ("exchange=NYSE", {"IBM"}),
            ("currency=EUR", {"MSFT"}),
        ],
    )
    def test_it_searches_and_filters(
        self, desk: Client, security: Make, query: str, shown: set[str]
    ) -> None:
        security("AAPL", name="Apple")
        security("MSFT", name="Microsoft", currency="EUR")
        security("IBM", name="IBM", exchange="NYSE", is_active=False)
        listed = desk.get(f"{LIST}?{query}").context["cl"].queryset
        assert {row.ticker for row in listed} == shown

    def test_only_staff_see_it(self, client: Client, alice: User, feeder: User) -> None:
        for user in (None, alice, feeder):
            if user:
                client.force_login(user)
            for address in (LIST, ADD, IMPORT, EXPORT):
                assert client.get(address).status_code == 302


@pytest.mark.usefixtures("transactional_db")
class TestActions:
    def act(self, desk: Client, action: str, *rows: Security) -> Any:
        chosen = [str(row.pk) for row in rows]
        return desk.post(LIST, {"action": action, "_selected_action": chosen}, follow=True)

    def test_deactivating_and_activating_go_through_the_service(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        apple, microsoft, ibm = security("AAPL"), security("MSFT"), security("IBM")
        answer = self.act(desk, "deactivate", apple, microsoft)
        assert "2 deactivated." in text_of(answer)
        active = Security.objects.filter(is_active=True)
        assert set(active) == {ibm}
        assert len(announced) == 1
        self.act(desk, "activate", apple)
        assert set(active.all()) == {ibm, apple}
        assert len(announced) == 2

    def test_only_changes_are_announced_and_logged(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        apple, ibm = security("AAPL"), security("IBM", is_active=False)
        self.act(desk, "activate", apple, ibm)
        assert LogEntry.objects.count() == 1
        assert LogEntry.objects.get().object_repr == "IBM"
        self.act(desk, "activate", apple, ibm)
        assert (len(announced), LogEntry.objects.count()) == (1, 1)

    def test_what_did_not_happen_is_not_in_the_history(
        self, desk: Client, security: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        apple = security("AAPL")
        away = Mock(side_effect=OperationalError("away"))
        monkeypatch.setattr("securities.admin.security.securities_set_active", away)
        with pytest.raises(OperationalError):
            self.act(desk, "deactivate", apple)
        assert not LogEntry.objects.exists()

    def test_nothing_can_be_deleted(self, desk: Client, security: Make) -> None:
        apple = security("AAPL")
        self.act(desk, "delete_selected", apple)
        delete = reverse("admin:securities_security_delete", args=[apple.pk])
        assert desk.post(delete, {"post": "yes"}).status_code == 403
        assert Security.objects.count() == 1


@pytest.mark.usefixtures("transactional_db")
class TestOneSecurity:
    def test_a_new_one_is_put_in_form_and_announced(
        self, desk: Client, announced: list[str]
    ) -> None:
        answer = desk.post(ADD, fields(ticker="brk-b", currency="usd"))
        assert answer.status_code == 302
        row = Security.objects.get()
        assert (row.ticker, row.currency, row.is_active) == ("BRK.B", "USD", True)
        assert len(announced) == 1
        assert LogEntry.objects.get().object_id == str(row.pk)

    def test_a_new_ticker_and_name_are_saved_and_announced(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        facebook = security("FB", price="300")
        answer = desk.post(page(facebook), fields(ticker="META", name="Meta Platforms"))
        assert answer.status_code == 302
        row = Security.objects.get()
        assert (row.pk, row.ticker, row.name) == (facebook.pk, "META", "Meta Platforms")
        assert len(announced) == 1

    def test_saving_without_a_change_is_not_announced(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        apple = security("AAPL", name="Apple Inc.")
        assert desk.post(page(apple), fields()).status_code == 302
        assert announced == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("ticker", "A B C"),
            ("ticker", "msft"),
            ("name", "=1+1"),
            ("name", ""),
            ("currency", "$"),
        ],
    )
    def test_what_cannot_be_is_refused_and_changes_nothing(
        self, desk: Client, security: Make, announced: list[str], field: str, value: str
    ) -> None:
        security("MSFT")
        apple = security("AAPL")
        before = list(Security.objects.values())
        assert list(errors(desk.post(page(apple), fields(**{field: value})))) == [field]
        assert list(errors(desk.post(ADD, fields(**{"ticker": "NEW", field: value})))) == [field]
        assert list(Security.objects.values()) == before
        assert announced == []

    def test_activity_and_quotes_cannot_be_written_here(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        apple = security("AAPL", price="100", sequence=5)
        desk.post(page(apple), fields(is_active="", price="1", sequence="9", previous_close="1"))
        row = Security.objects.select_related("quote").get()
        assert (row.is_active, row.quote.price, row.quote.sequence) == (True, 100, 5)
        assert Quote not in admin.site._registry
        text = text_of(desk.get(page(apple)))
        assert "100.00" in text
        assert "never deleted" in text


@pytest.mark.usefixtures("transactional_db")
class TestCsv:
    def upload(self, desk: Client, content: bytes) -> Any:
        return desk.post(IMPORT, {"file": SimpleUploadedFile("mine.csv", content)})

    def test_a_file_is_shown_first_and_loaded_when_confirmed(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        security("AAPL", name="Apple", exchange="NASDAQ", is_active=False)
        content = "ticker,name,exchange\nAAPL,Apple Inc.,NASDAQ\nNESN,Nestlé,SIX\n"
        shown = self.upload(desk, content.encode())
        assert shown.context["report"] == (1, 1, 0)
        assert Security.objects.count() == 1
        assert announced == []
        text = shown.context["looked_at"].initial["text"]
        done = desk.post(IMPORT, {"text": text}, follow=True)
        assert "1 created, 1 updated, 0 unchanged" in text_of(done)
        apple = Security.objects.get(ticker="AAPL")
        assert (apple.name, apple.is_active) == ("Apple Inc.", False)
        assert len(announced) == 1

    def test_columns_that_the_file_does_not_have_stay_as_they_are(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        security("NESN", name="Nestlé", exchange="SIX", currency="CHF")
        security("AAPL", name="Apple", exchange="NASDAQ")
        shown = self.upload(desk, "ticker,name\nNESN,Nestlé\nAAPL,Apple Inc.\n".encode())
        assert shown.context["report"] == (0, 1, 1)
        desk.post(IMPORT, {"text": shown.context["looked_at"].initial["text"]})
        rows = Security.objects.values_list("name", "exchange", "currency")
        assert set(rows) == {("Nestlé", "SIX", "CHF"), ("Apple Inc.", "NASDAQ", "USD")}

    def test_the_list_leads_to_a_page_that_asks_for_a_file(self, desk: Client) -> None:
        assert f'href="{IMPORT}"' in text_of(desk.get(LIST))
        assert 'type="file" name="file"' in text_of(desk.get(IMPORT))

    def test_the_page_carries_the_text_as_it_was(self, desk: Client) -> None:
        shown = self.upload(desk, b'ticker,name\nX,"</textarea><b>&amp; ""Co"""\n')
        assert "&lt;/textarea&gt;&lt;b&gt;&amp;amp; &quot;&quot;Co" in shown.content.decode()

    def test_bad_lines_are_shown_with_their_numbers_and_nothing_is_loaded(
        self, desk: Client, announced: list[str]
    ) -> None:
        shown = self.upload(desk, b"ticker,name\nAAPL,Apple\nA B C,x\nMSFT,\n")
        assert [problem.line for problem in shown.context["problems"]] == [3, 4]
        assert "<td>4</td><td>The name is missing.</td>" in text_of(shown)
        assert not Security.objects.exists()
        assert announced == []

    def test_a_confirmed_text_is_checked_again(self, desk: Client, announced: list[str]) -> None:
        shown = desk.post(IMPORT, {"text": "ticker,name\n?,x\n"})
        assert [problem.line for problem in shown.context["problems"]] == [2]
        assert not Security.objects.exists()

    @pytest.mark.parametrize(
        "content", [b"", "ticker,name\nN,é".encode("latin-1"), b"x" * (9 << 20)]
    )
    def test_an_empty_a_foreign_and_a_huge_file_are_refused_at_the_field(
        self, desk: Client, content: bytes
    ) -> None:
        assert "file" in self.upload(desk, content).context["form"].errors

    def test_the_export_is_what_is_listed_and_reads_back(
        self, desk: Client, security: Make, announced: list[str]
    ) -> None:
        security("AAPL", name="Apple, Inc.")
        security("IBM", name="IBM", is_active=False)
        security("NESN", name="Nestlé", currency="CHF")
        answer = desk.get(EXPORT, {"is_active__exact": "1"})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert [row["ticker"] for row in rows] == ["AAPL", "NESN"]
        everything = desk.get(EXPORT).content
        assert self.upload(desk, everything).context["report"] == (0, 0, 3)

    @pytest.mark.parametrize("asked", ["is_active__exact=banana", "currency__foo=1"])
    def test_an_export_of_what_cannot_be_asked_for_leads_to_the_list(
        self, desk: Client, asked: str
    ) -> None:
        answer = desk.get(f"{EXPORT}?{asked}", follow=True)
        assert answer.status_code == 200
        assert answer.redirect_chain == [(f"{LIST}?e=1", 302)]

    def test_who_may_only_look_cannot_import(
        self, client: Client, staff: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def may_look(user: User, perm: str, obj: Any = None) -> bool:
            return "view" in perm

        monkeypatch.setattr(User, "has_perm", may_look)
        client.force_login(staff)
        assert client.get(EXPORT).status_code == 200
        assert client.get(IMPORT).status_code == 403
        assert client.post(IMPORT, {"text": "ticker,name\nA,A\n"}).status_code == 403
        assert "Import CSV" not in text_of(client.get(LIST))
        assert not Security.objects.exists()
