"""The page on which staff decide what can be watched."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from securities.admin.csv_views import CsvViews
from securities.admin.forms import SecurityForm
from securities.models import Quote, Security
from securities.money import price_text
from securities.services import securities_set_active, security_create, security_update

_NOTHING = "-"


@admin.register(Security)
class SecurityAdmin(CsvViews):
    """Securities with their quotes, which only the price feed writes.

    A security is never deleted, or its history and its places on watchlists
    would go with it: deactivate it. Everything is saved by the services, which
    tell the open sockets and the search.
    """

    form = SecurityForm
    list_display = (
        *("ticker", "name", "exchange", "currency", "is_active"),
        *("price", "change", "price_age"),
    )
    list_filter = ("is_active", "exchange", "currency")
    list_select_related = ("quote",)
    list_per_page = 100
    show_full_result_count = False
    search_fields = ("ticker", "name")
    search_help_text = "Ticker or part of the name"
    actions = ("activate", "deactivate")
    readonly_fields = (
        *("is_active", "price", "previous_close", "change", "price_age", "sequence"),
        "created_at",
    )
    fieldsets = (
        (None, {"fields": ("ticker", "name", "exchange", "currency")}),
        (
            "Prices",
            {
                "fields": readonly_fields,
                "description": "Not edited here. Use the list's actions to activate or deactivate; "
                "securities are never deleted, to keep their history.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Security]:
        rows: QuerySet[Security] = super().get_queryset(request)
        return rows.select_related("quote")

    def get_fieldsets(self, request: HttpRequest, obj: Security | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:1]

    def has_delete_permission(self, request: HttpRequest, obj: Security | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Security, form: SecurityForm, change: bool
    ) -> None:
        if change:
            # The form has written to `obj`; the service has to see what is different.
            stored = Security.objects.get(pk=obj.pk)
            security_update(security=stored, entry=form.entry)
        else:
            obj.pk = security_create(entry=form.entry).pk

    @admin.action(description="Activate: let prices come in", permissions=["change"])
    def activate(self, request: HttpRequest, chosen: QuerySet[Security]) -> None:
        self._set_active(request, chosen, active=True)

    @admin.action(description="Deactivate: stop prices, tell watchers", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Security]) -> None:
        self._set_active(request, chosen, active=False)

    def _set_active(
        self, request: HttpRequest, chosen: QuerySet[Security], *, active: bool
    ) -> None:
        word = "activated" if active else "deactivated"
        pks = list(chosen.values_list("pk", flat=True))
        rows = Security.objects.filter(pk__in=pks)
        differing, said = rows.filter(is_active=not active), f"{word.capitalize()}."
        with transaction.atomic():  # or the history could tell of what did not happen
            LogEntry.objects.log_actions(str(request.user.pk), differing, CHANGE, said)
            changed = securities_set_active(securities=rows, active=active)
        self.message_user(request, f"{changed} {word}.", messages.SUCCESS)

    @admin.display(description="price", ordering="quote__price", empty_value=_NOTHING)
    def price(self, security: Security) -> str | None:
        quote = _quote(security)
        return price_text(quote.price) if quote else None

    @admin.display(empty_value=_NOTHING)
    def previous_close(self, security: Security) -> str | None:
        quote = _quote(security)
        return price_text(quote.previous_close) if quote else None

    @admin.display(empty_value=_NOTHING)
    def change(self, security: Security) -> str | None:
        quote = _quote(security)
        return f"{price_text(quote.abs_change)} ({quote.pct_change} %)" if quote else None

    @admin.display(description="price age", ordering="quote__updated_at", empty_value="no price")
    def price_age(self, security: Security) -> str | None:
        quote = _quote(security)
        return naturaltime(quote.updated_at) if quote else None

    @admin.display(empty_value=_NOTHING)
    def sequence(self, security: Security) -> int | None:
        quote = _quote(security)
        return quote.sequence if quote else None


def _quote(security: Security) -> Quote | None:
    return getattr(security, "quote", None)
