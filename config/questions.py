"""Questions to servers that may be away, or hang: whoever asks waits as long as they like."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class Question(Generic[T]):
    """Something to ask a server, in a thread beside; never twice at the same time.

    So a server that hangs costs one thread and one connection, however often it is asked.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._answer: Future[T] | None = None

    def put(self) -> Future[T]:
        """The answer to come: a new one, or that for which others are waiting."""
        with self._lock:
            if self._answer is None or self._answer.done():
                answer: Future[T] = Future()
                # A daemon: this process may end while it waits.
                Thread(target=self._find, args=[answer], daemon=True).start()
                self._answer = answer
            return self._answer

    def _find(self, answer: "Future[T]") -> None:
        try:
            found = self._asked()
        except BaseException as error:  # noqa: BLE001  it is raised where the answer is wanted
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def _asked(self) -> T:
        try:
            return self._ask()
        finally:
            connections.close_all()  # this thread's, before anybody has the answer
