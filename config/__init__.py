"""Composes the apps into one program; nothing imports this package but its own commands."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
