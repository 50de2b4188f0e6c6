"""What a spike is, as numbers."""

from dataclasses import dataclass
from fractions import Fraction

from django.conf import settings

from pricefeed.columns import Column


@dataclass(frozen=True, slots=True)
class Rules:
    """`window` is in microseconds; a price spikes when it moved by more than the share of another.

    The share is `numerator / denominator`.
    """

    window: int
    numerator: int
    denominator: int

    @classmethod
    def configured(cls) -> "Rules":
        """Those of the settings."""
        share = Fraction(settings.ANOMALY_THRESHOLD_PERCENT) / 100
        return cls(settings.ANOMALY_WINDOW_MS * 1000, share.numerator, share.denominator)

    def slack(self, price: Column) -> Column:
        """How far another price may be from each of these without a spike.

        The share of it rounded down, which decides exactly what the share itself would,
        since prices differ by whole millionths. Nothing here exceeds 64 bits: prices stay
        below 10¹⁸, the share below 5, the denominator at or below 10⁸ (the settings see to it).
        """
        whole, rest = price // self.denominator, price % self.denominator
        return whole * self.numerator + rest * self.numerator // self.denominator
