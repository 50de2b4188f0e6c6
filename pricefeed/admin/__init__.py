"""What the feed has found, in the admin site."""

from pricefeed.admin.anomaly import AnomalyAdmin

__all__ = ["AnomalyAdmin"]
