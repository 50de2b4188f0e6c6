"""Securities and, apart from them, the hot row each has: its latest quote."""

from decimal import Decimal

from django.db import models
from django.db.models.functions import Upper

from securities import money


class Security(models.Model):
    """Something that can be watched; `ticker` is its name on every wire, in upper case."""

    ticker = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=200)
    exchange = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    is_active = models.BooleanField(default=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("ticker",)
        verbose_name_plural = "securities"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ticker=Upper("ticker")) & ~models.Q(ticker=""),
                name="security_ticker_upper",
            ),
        )

    def __str__(self) -> str:
        return self.ticker


class Quote(models.Model):
    """The newest price of a security.

    One narrow row per security that is overwritten with every change. It has no
    index but its key and leaves room on its pages (fillfactor, in the migration),
    so Postgres updates it in place (HOT). Only `pricefeed.recording` writes it.
    """

    security = models.OneToOneField(
        Security, on_delete=models.CASCADE, primary_key=True, related_name="quote"
    )
    price = models.DecimalField(max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS)
    previous_close = models.DecimalField(
        max_digits=money.PRICE_DIGITS, decimal_places=money.PRICE_DECIMALS
    )
    updated_at = models.DateTimeField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(price__gt=0) & models.Q(previous_close__gt=0),
                name="quote_prices_positive",
            ),
        )

    def __str__(self) -> str:
        return f"{self.security_id}: {self.price}"

    @property
    def abs_change(self) -> Decimal:
        """Price less previous close."""
        return money.abs_change(self.price, self.previous_close)

    @property
    def pct_change(self) -> Decimal:
        """Percent of the previous close, two decimals."""
        return money.pct_change(self.price, self.previous_close)
