"""A question is answered, whatever goes wrong, and can be put again."""

import pytest

from config import questions
from config.questions import Question


def test_a_connection_that_cannot_be_closed_keeps_nobody_waiting_and_the_next_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([True, False])

    class Connections:
        def close_all(self) -> None:
            if next(failures):
                raise ConnectionError("broken in the pool")

    monkeypatch.setattr(questions, "connections", Connections())
    question = Question(lambda: 7)
    with pytest.raises(ConnectionError):
        question.put().result(5)
    assert question.put().result(5) == 7
