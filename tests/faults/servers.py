"""A Postgres and a Valkey of the test's own, to be killed and started again in their places."""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from deploy.local import postgres, valkey
from deploy.local.ordinary_user import find_ordinary_user
from deploy.local.paths import Paths
from deploy.local.ports import free_port
from deploy.local.process import dying_with_parent
from tests.integration.processes import START_SECONDS, wait_until


class _Server:
    """One program on one port, with one log, whatever happens to its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it was before; returns when it answers."""
        self._start_process()
        wait_until(self._answers_or_restarts, seconds=START_SECONDS, what=f"{self}")

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def _start_process(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _answers_or_restarts(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:  # the one before it is not quite gone yet
            time.sleep(0.1)
            self._start_process()
        return self._answers()

    def _argv(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def __str__(self) -> str:
        return f"an answer of {type(self).__name__}:\n{self.log.read_text()[-2000:]}"


class Valkey(_Server):
    """Keeps what it has answered, as we run it; or nothing, as somebody else may."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _argv(self) -> list[str]:
        binary = str(valkey.find_binary(Paths()))
        where = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        keeping = [word for key, value in valkey.KEEPING.items() for word in (f"--{key}", value)]
        return [*dying_with_parent(signal.SIGKILL), binary, *where, "--save", "", *keeping]

    def forget(self) -> None:
        """Started again it is empty."""
        assert self._process is None
        shutil.rmtree(self.folder / "appendonlydir")  # as Redis 7 and Valkey have it

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False


class Postgres(_Server):
    """Keeps what was committed, as in production, but for power cuts. Writes down every query."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._user = find_ordinary_user()
        self._binaries = postgres.find_binaries(Paths())
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self._user.give(folder)
        layout = ["-D", str(self._data), "-U", "tickwatch", "-A", "trust", "-E", "UTF8"]
        layout += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        subprocess.run(
            [*self._user.prefix, str(self._binaries / "initdb"), *layout, "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
        )

    @property
    def url(self) -> str:
        return f"postgres://tickwatch@127.0.0.1:{self.port}/postgres"

    def stop_at_once(self) -> None:
        """*Immediate* shutdown: every connection is dropped, and the next start has to recover."""
        self._end(signal.SIGQUIT)

    def log_size(self) -> int:
        """A place in the log, for `queries`."""
        return self.log.stat().st_size

    def queries(self, *, program: str, start: int = 0) -> list[str]:
        """What a program (its `application_name`) has asked, from a place of the log on."""
        said = self.log.read_bytes()[start:].decode(errors="replace")
        lines = re.split(r"\n(?=\S*\|)", said)
        return [line for line in lines if line.startswith(f"{program}|") and "LOG:" in line]

    def _argv(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "timezone": "UTC",
            "jit": "off",
            "fsync": "off",  # what was committed outlives our kills, as the system lives on
            "log_statement": "all",
            "log_line_prefix": "%a|",
        }
        pairs = (word for item in settings.items() for word in ("-c", "{}={}".format(*item)))
        prefix = (*self._user.prefix, *dying_with_parent(signal.SIGQUIT))
        return [*prefix, str(self._binaries / "postgres"), "-D", str(self._data), *pairs]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
