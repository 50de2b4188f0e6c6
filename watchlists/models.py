"""A user's lists of securities."""

from django.conf import settings
from django.db import models

from securities.models import Security


class Watchlist(models.Model):
    """A named list; each user has one default list, which the REST and the sockets serve."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists"
    )
    name = models.CharField(max_length=60, default="Watchlist")
    is_default = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=models.Q(is_default=True),
                name="watchlist_one_default_per_user",
            ),
            models.UniqueConstraint(fields=("user", "name"), name="watchlist_name_per_user"),
        )

    def __str__(self) -> str:
        return self.name


class WatchlistItem(models.Model):
    """A security on a list, at most once; `position` counts from 0 and may have gaps."""

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="items")
    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="watchlist_items")
    position = models.PositiveIntegerField()
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("watchlist", "security"), name="watchlist_item_once_per_list"
            ),
        )

    def __str__(self) -> str:
        return f"{self.watchlist_id}: {self.security_id}"
