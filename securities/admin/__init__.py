"""Securities in the admin site."""

from securities.admin.security import SecurityAdmin

__all__ = ["SecurityAdmin"]
