"""Watchlists in the admin site: looked at and deleted, not edited: they belong to their users.

Deleting stays possible, because deleting a user takes the right to delete their lists.
The page of securities gets a column more here, since they do not know who watches them.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from securities.admin import SecurityAdmin
from securities.models import Security
from watchlists.models import Watchlist, WatchlistItem
from watchlists.selectors import securities_with_watcher_counts, watchlists_with_item_counts
from watchlists.services import watchlists_delete


class _LookOnly:
    """Neither added nor changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WatchlistItemInline(_LookOnly, admin.TabularInline):  # type: ignore[type-arg]  # no subscripts at run time
    """What is on the list, by position."""

    model = WatchlistItem
    fields = ("position", "security", "added_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WatchlistItem]:
        return super().get_queryset(request).select_related("security")


@admin.register(Watchlist)
class WatchlistAdmin(_LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # no subscripts at run time
    """Who watches how much."""

    list_display = ("user", "name", "is_default", "item_count")
    list_select_related = ("user",)
    search_fields = ("user__username", "name")
    inlines = (WatchlistItemInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watchlist]:
        return watchlists_with_item_counts(super().get_queryset(request))

    def delete_model(self, request: HttpRequest, obj: Watchlist) -> None:
        watchlists_delete(watchlist_ids=[obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Watchlist]) -> None:
        watchlists_delete(watchlist_ids=list(queryset.values_list("pk", flat=True)))

    @admin.display(description="items", ordering="item_count")
    def item_count(self, watchlist: Watchlist) -> int:
        return watchlist.item_count  # type: ignore[attr-defined, no-any-return]  # annotated above


admin.site.unregister(Security)


@admin.register(Security)
class WatchedSecurityAdmin(SecurityAdmin):
    """Securities, and on how many lists each stands."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Security]:
        return securities_with_watcher_counts(super().get_queryset(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        return (*super().get_list_display(request), "watchers")

    def get_readonly_fields(self, request: HttpRequest, obj: Security | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "watchers")

    def get_fieldsets(self, request: HttpRequest, obj: Security | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return (*shown, ("Watchers", {"fields": ("watchers",)})) if obj else shown

    @admin.display(description="watchlists", ordering="watcher_count")
    def watchers(self, security: Security) -> int:
        return int(getattr(security, "watcher_count", 0))
