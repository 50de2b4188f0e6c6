"""Anomalies in the admin site: to be looked at, since only recording writes them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from pricefeed.models import Anomaly
from pricefeed.recording.analytics.selectors import securities_with_most_anomalies
from securities.models import Security
from securities.money import price_text

_OFFERED = 20
_DIGITS = 19  # one more than every key has


class SecurityFilter(admin.SimpleListFilter):
    """The securities that jump most: a list of all of them would be longer than the page.

    Any other is found by the search for its ticker, or by the links of the list.
    """

    title = "security"
    parameter_name = "security"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        most = securities_with_most_anomalies(limit=_OFFERED)
        offered = {str(each.pk): f"{each.ticker} ({found})" for each, found in most}
        if (chosen := self._chosen()) is not None and str(chosen) not in offered:
            named = Security.objects.filter(pk=chosen)
            offered.update((str(each.pk), each.ticker) for each in named)
        return list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> QuerySet[Anomaly]:
        if self.value() is None:
            return queryset
        return queryset.filter(security=self._chosen())

    def _chosen(self) -> int | None:
        """The key of a security; None for what cannot be one."""
        text = self.value() or ""
        return int(text) if text.isdecimal() and len(text) < _DIGITS else None


@admin.register(Anomaly)
class AnomalyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only stubs are generic
    """Prices that jumped, the newest first."""

    list_display = (
        "id",
        "ticker",
        "direction",
        "shown_at",
        "shown_price",
        "shown_reference",
        "change",
    )
    list_filter = ("direction", SecurityFilter)
    list_select_related = ("security",)
    list_per_page = 100
    ordering = ("-pk",)
    sortable_by = ("id",)  # the others have no index of their own
    show_full_result_count = False
    search_fields = ("=security__ticker",)
    search_help_text = "Ticker"
    fields = ("ticker", "security_link", *list_display[2:])

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="security")
    def ticker(self, anomaly: Anomaly) -> str:
        """Leads to the others of this security."""
        page = reverse("admin:pricefeed_anomaly_changelist")
        return format_html(
            '<a href="{}?security={}">{}</a>', page, anomaly.security_id, anomaly.security.ticker
        )

    @admin.display(description="quote")
    def security_link(self, anomaly: Anomaly) -> str:
        page = reverse("admin:securities_security_change", args=[anomaly.security_id])
        return format_html('<a href="{}">{}</a>', page, anomaly.security.name)

    @admin.display(description="at")
    def shown_at(self, anomaly: Anomaly) -> str:
        """To the millisecond, as anomalies of one second are told apart by it."""
        return f"{anomaly.at:%Y-%m-%d %H:%M:%S}.{anomaly.at.microsecond // 1000:03} UTC"

    @admin.display(description="price")
    def shown_price(self, anomaly: Anomaly) -> str:
        return price_text(anomaly.price)

    @admin.display(description="reference")
    def shown_reference(self, anomaly: Anomaly) -> str:
        return price_text(anomaly.reference)

    @admin.display(description="change")
    def change(self, anomaly: Anomaly) -> str:
        return f"{anomaly.pct_change:+} %"
