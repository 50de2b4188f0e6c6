"""The page of securities gets a filter more here, since they do not know of vendors."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from redis.exceptions import RedisError

from pricefeed.sources.vendor import vendor_report
from securities.models import Security
from watchlists.admin import WatchedSecurityAdmin

_UNKNOWN = "unknown"


class VendorFilter(admin.SimpleListFilter):
    """What the vendor of prices does not know: to be corrected, or deactivated.

    Not offered without a vendor, while all is known, and while Redis, which knows it, is away.
    """

    title = "the vendor of prices"
    parameter_name = "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self._unknown = _unknown_tickers()
        if not self._unknown and self.parameter_name not in request.GET:
            return []
        return [(_UNKNOWN, f"Does not know it ({len(self._unknown)})")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Security]) -> QuerySet[Security]:
        if self.value() is None:
            return queryset
        return queryset.filter(ticker__in=self._unknown)


def _unknown_tickers() -> list[str]:
    try:
        report = vendor_report()
    except (RedisError, OSError):
        return []
    return report.unknown_tickers if report else []


admin.site.unregister(Security)


@admin.register(Security)
class PricedSecurityAdmin(WatchedSecurityAdmin):
    """Securities, and which of them the vendor of prices does not know."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (*super().get_list_filter(request), VendorFilter)
