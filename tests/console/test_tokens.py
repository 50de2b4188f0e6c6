"""The file of tokens: private, whole, and one's own while it is held."""

import os
import stat
import threading
from pathlib import Path

import pytest

from frontend.console.endings import Stop
from frontend.console.tokens import TokenFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tokens.json"


def put(path: Path, url: str, token: str) -> None:
    with TokenFile(path).held() as tokens:
        tokens[url] = token


def test_only_its_owner_may_read_it_whatever_it_was_before(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("{}")
    path.chmod(0o644)
    put(path, "http://a", "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_servers_do_not_mix(path: Path) -> None:
    put(path, "http://a", "one")
    put(path, "http://b", "two")
    with TokenFile(path).held() as tokens:
        assert tokens == {"http://a": "one", "http://b": "two"}
        del tokens["http://a"]
    with TokenFile(path).held() as tokens:
        assert tokens == {"http://b": "two"}


def test_the_last_token_takes_the_file_along(path: Path) -> None:
    put(path, "http://a", "one")
    with TokenFile(path).held() as tokens:
        tokens.clear()
    assert list(path.parent.iterdir()) == []


def test_many_at_once_lose_nothing(path: Path) -> None:
    def count() -> None:
        for _ in range(25):
            with TokenFile(path).held() as tokens:
                tokens["http://a"] = str(int(tokens.get("http://a", "0")) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with TokenFile(path).held() as tokens:
        assert tokens == {"http://a": "100"}


def test_what_was_bought_is_kept_when_something_fails_afterwards(path: Path) -> None:
    def interrupted() -> None:
        with TokenFile(path).held() as tokens:
            tokens["http://a"] = "new"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with TokenFile(path).held() as tokens:
        assert tokens == {"http://a": "new"}


@pytest.mark.parametrize("content", [b"rubbish", b"[]", b'{"http://a": 1}', b"\xff\xfe"])
def test_another_file_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Stop, match="is no token file"):
        put(path, "http://a", "one")
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_old_token_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "http://a", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stop, match="No space left"):
        put(path, "http://a", "new")
    monkeypatch.undo()
    with TokenFile(path).held() as tokens:
        assert tokens == {"http://a": "old"}
    assert [file.name for file in path.parent.iterdir()] == ["tokens.json"]
