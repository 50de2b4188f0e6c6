"""The client as a process of its own, against a real server."""

import json
import os
import pty
import signal
import stat
import subprocess
import termios
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from accounts.services import tokens_issue, tokens_refresh
from securities.models import Security
from securities.services import securities_set_active
from tests.conftest import PASSWORD
from tests.console.conftest import (
    ROOT,
    WAIT_SECONDS,
    Move,
    Restartable,
    StartClient,
    environment,
    program,
)

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(token_file: Path, url: str, user: User) -> str:
    """As a sign-in leaves it; gives the token."""
    refresh = str(tokens_issue(user=user).refresh)
    token_file.parent.mkdir(parents=True)
    token_file.write_text(json.dumps({url: refresh}))
    return refresh


def kept(token_file: Path, url: str) -> str:
    return str(json.loads(token_file.read_text())[url])


class Terminal:
    """A person at a terminal: reads until a word appears, types."""

    def __init__(self, home: Path, *words: str, **more: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        env = {**environment(home), "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}
        self.process = subprocess.Popen(
            program(*words),
            cwd=ROOT,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def read_until(self, word: str) -> None:
        while word not in self.seen:
            self.seen += os.read(self._ours, 65536).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        try:
            while True:
                self.seen += os.read(self._ours, 65536).decode(errors="replace")
        except OSError:  # the other end is closed
            return self.process.wait(timeout=WAIT_SECONDS)
        finally:
            os.close(self._ours)


def test_signing_in_at_a_terminal_shows_the_table_and_keeps_only_a_token(
    restartable: Restartable, watching: User, move: Move, tmp_path: Path, token_file: Path
) -> None:
    terminal = Terminal(tmp_path, "--url", restartable.url)
    words: list[str] = []
    for name, answer in (("Username", "alice"), ("Password", "wrong"), ("is wrong", "alice")):
        terminal.read_until(name)
        terminal.type(answer)
    terminal.seen = ""
    terminal.read_until("Password")
    terminal.type(PASSWORD)
    terminal.read_until("A Inc.")
    move(A="11.5")
    terminal.read_until("▲ +1.50")
    words += psutil.Process(terminal.process.pid).cmdline()

    assert terminal.stop(signal.SIGINT) == 0

    assert PASSWORD not in terminal.seen
    assert "Traceback" not in terminal.seen
    assert "\x1b[?1049l" in terminal.seen  # the terminal is as it was
    assert PASSWORD not in " ".join(words)
    assert [path.name for path in token_file.parent.iterdir()] == [token_file.name]
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert PASSWORD not in token_file.read_text()
    assert tokens_refresh(raw=kept(token_file, restartable.url))


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_lacks_our_signs_has_a_table_all_the_same(
    restartable: Restartable, watching: User, tmp_path: Path, encoding: str
) -> None:
    words = ("--url", restartable.url, "--tickers", "A")
    terminal = Terminal(tmp_path, *words, PYTHONIOENCODING=encoding)
    terminal.read_until("A Inc.")
    assert terminal.stop(signal.SIGINT) == 0
    assert "Traceback" not in terminal.seen


def test_without_any_output_there_is_one_sentence(restartable: Restartable, tmp_path: Path) -> None:
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *program("--url", restartable.url, "--tickers", "A")],
        cwd=ROOT,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "There is no output to show prices on.\n")


def test_without_a_terminal_nobody_is_asked(
    restartable: Restartable, client: StartClient, token_file: Path
) -> None:
    code, said = client(url=restartable.url).ended()
    assert (code, said) == (1, "Nobody is signed in here. Run it once in a terminal to sign in.\n")
    assert not token_file.exists()


def test_a_pipe_gets_whole_quotes_and_follows_an_edit_and_a_restart(
    restartable: Restartable,
    watching: User,
    move: Move,
    client: StartClient,
    token_file: Path,
) -> None:
    refresh = signed_in(token_file, restartable.url, watching)
    running = client("--json", url=restartable.url)
    snapshot = running.next("snapshot")
    assert snapshot["tickers"] == ["A", "B"]
    assert [quote["price"] for quote in snapshot["quotes"]] == ["10.00", "20.00"]
    running.next("status", status="live")

    move(A="11", C="31")
    (quote,) = running.next("prices")["quotes"]
    assert (quote["ticker"], quote["price"], quote["name"]) == ("A", "11.00", "A Inc.")
    assert quote["previous_close"] == "10.00"

    headers = {"Authorization": f"Bearer {tokens_issue(user=watching).access}"}
    with httpx.Client(base_url=f"{restartable.url}/api/v1", headers=headers) as rest:
        rest.post("/watchlist", json={"ticker": "C"})
        edit = running.next("watchlist")
        assert (edit["tickers"], edit["removed"]) == (["A", "B", "C"], [])
        assert [quote["price"] for quote in edit["quotes"]] == ["31.00"]
        rest.delete("/watchlist/B")
        assert running.next("watchlist")["removed"] == ["B"]

    restartable.stop()
    assert running.next("status", status="reconnecting")["since"] is not None
    move(C="32")
    restartable.start()
    # It resumes: of what it has, nothing comes a second time.
    resumed = running.next("snapshot")
    assert [quote["price"] for quote in resumed["quotes"]] == ["32.00"]
    assert resumed["tickers"] == ["A", "C"]
    running.next("status", status="live")

    assert kept(token_file, restartable.url) != refresh
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == (130, "")


def test_open_prices_need_no_sign_in_and_leave_no_file(
    restartable: Restartable, move: Move, client: StartClient, token_file: Path
) -> None:
    running = client("--tickers", "c,A", url=restartable.url)
    assert running.next("snapshot")["tickers"] == ["C", "A"]
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == (143, "")
    assert not token_file.parent.exists()


def test_a_reader_that_leaves_ends_it_quietly(
    restartable: Restartable, move: Move, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -n 1', "sh", *program("--all", "--url", restartable.url)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    assert json.loads(done.stdout)["status"] == "connecting"
    assert done.stderr == ""


def test_an_unknown_ticker_ends_it_with_a_sentence(
    restartable: Restartable, move: Move, client: StartClient
) -> None:
    code, said = client("--tickers", "A,NOPE", url=restartable.url).ended()
    assert (code, said) == (1, "There is no such ticker, or it is not active any more.\n")


def test_a_token_that_expires_is_renewed_and_nothing_is_missed(
    restartable: Restartable,
    watching: User,
    move: Move,
    client: StartClient,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = signed_in(token_file, restartable.url, watching)
    monkeypatch.setattr(AccessToken, "lifetime", timedelta(seconds=2))
    running = client("--json", url=restartable.url)
    running.next("snapshot")
    second = kept(token_file, restartable.url)
    running.next("status", status="reconnecting")
    running.next("status", status="live")
    assert len({first, second, kept(token_file, restartable.url)}) == 3
    move(A="12")
    prices = [quote["price"] for quote in running.line().get("quotes", ())]
    while prices != ["12.00"]:  # it may come as a resumed snapshot
        prices = [quote["price"] for quote in running.line().get("quotes", ())]


def test_two_clients_share_a_sign_in(
    restartable: Restartable, watching: User, client: StartClient, token_file: Path
) -> None:
    signed_in(token_file, restartable.url, watching)
    both = [client("--json", url=restartable.url) for _ in range(2)]
    for running in both:
        running.next("snapshot")


def test_signing_out_forgets_the_token_and_ends_who_uses_it(
    restartable: Restartable, watching: User, client: StartClient, token_file: Path
) -> None:
    signed_in(token_file, restartable.url, watching)
    running = client("--json", url=restartable.url)
    running.next("status", status="live")
    assert client("--sign-out", url=restartable.url).ended() == (0, "Signed out.\n")
    assert not token_file.exists()
    code, said = running.ended()
    assert (code, said.split(".")[0]) == (1, "You signed out")


def test_a_token_is_never_shown_to_another_server(
    restartable: Restartable, watching: User, client: StartClient, token_file: Path
) -> None:
    refresh = signed_in(token_file, "http://other.example", watching)
    code, said = client(url=restartable.url).ended()
    assert (code, said.split(".")[0]) == (1, "Nobody is signed in here")
    assert kept(token_file, "http://other.example") == refresh


def test_the_only_ticker_that_is_deactivated_ends_it(
    restartable: Restartable, move: Move, client: StartClient
) -> None:
    running = client("--tickers", "A", url=restartable.url)
    running.next("status", status="live")
    securities_set_active(securities=Security.objects.filter(ticker="A"), active=False)
    assert running.ended()[0] == 1
