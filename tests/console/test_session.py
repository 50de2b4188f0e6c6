"""The sign-in of the terminal client, on a real server over a network that loses answers."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.models import User
from accounts.services import tokens_issue
from frontend.console.endings import SignInAgain, Unavailable
from frontend.console.session import Session
from frontend.console.tokens import TokenFile
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def kept(file: TokenFile) -> dict[str, str]:
    with file.held() as tokens:
        return dict(tokens)


def test_an_answer_that_was_lost_is_asked_for_again(
    server: str, alice: User, file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, refresh = f"http://{server}", str(tokens_issue(user=alice).refresh)
    with file.held() as tokens:
        tokens[url] = refresh
    post = httpx.post

    def lost(*args: Any, **options: Any) -> httpx.Response:
        assert post(*args, **options).is_success
        raise httpx.ReadTimeout("It came, but not to us.")

    session = Session(url=url, file=file)
    with monkeypatch.context() as network:
        network.setattr(httpx, "post", lost)
        with pytest.raises(Unavailable):
            session.access()
    assert kept(file) == {url: refresh}

    assert session.access()
    assert kept(file)[url] != refresh
    session.access_refused()
    assert session.access()


def test_signing_in_and_out_leaves_nothing(server: str, alice: User, file: TokenFile) -> None:
    url = f"http://{server}"
    session = Session(url=url, file=file)
    session.sign_in(username="alice", password=PASSWORD)
    refresh = kept(file)[url]
    assert session.sign_out()
    assert kept(file) == {}

    with file.held() as tokens:
        tokens[url] = refresh
    with pytest.raises(SignInAgain, match="has ended"):
        session.access()
