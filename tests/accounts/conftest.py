"""What open sockets would hear of ended sign-ins."""

import pytest

from rest import owed
from tests.heard import Heard


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Instead of the channel layer: what it was given for the group of sessions."""
    messages = Heard("sessions")
    monkeypatch.setattr(owed, "get_channel_layer", lambda: messages)
    return messages
