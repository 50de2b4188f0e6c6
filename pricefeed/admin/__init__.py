"""What the feed has found, and lacks, in the admin site."""

from pricefeed.admin.anomaly import AnomalyAdmin
from pricefeed.admin.security import PricedSecurityAdmin

__all__ = ["AnomalyAdmin", "PricedSecurityAdmin"]
