"""Celery's care for Django, but for one thing: the pool of connections to Postgres stays.

Celery closes it before and after every job of a prefork worker. That is a new session in
Postgres for each job, which knows nothing yet: of a batch of ticks it is the larger part.
A worker process drops the pool that it may have from its parent when it begins, as ever.
"""

from typing import Any

from celery import Celery
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup
from django.db import connections


class _WorkerFixup(DjangoWorkerFixup):
    def on_task_prerun(self, sender: Any, **_: Any) -> None:
        self._give_back(sender)

    def on_task_postrun(self, sender: Any, **_: Any) -> None:
        self._give_back(sender)

    def _give_back(self, job: Any) -> None:
        """Connections to the pool; whether they live is looked at before they are used again."""
        if not job.request.is_eager:
            connections.close_all()


class _Fixup(DjangoFixup):
    _worker_fixup: DjangoWorkerFixup | None = None

    @property
    def worker_fixup(self) -> DjangoWorkerFixup:
        if self._worker_fixup is None:
            self._worker_fixup = _WorkerFixup(self.app)
        return self._worker_fixup

    @worker_fixup.setter
    def worker_fixup(self, value: DjangoWorkerFixup) -> None:
        self._worker_fixup = value


def fixup(app: Celery) -> DjangoFixup:
    """For Celery's list of fixups."""
    return _Fixup(app).install()
