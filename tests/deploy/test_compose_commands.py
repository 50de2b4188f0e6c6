"""Every command of docker-compose.yml, run outside Docker: none is only believed."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from deploy.local.paths import ROOT, Paths
from deploy.local.ports import free_port
from deploy.local.postgres import find_binaries
from deploy.local.valkey import KEEPING, find_binary
from tests.deploy import compose, image
from tests.integration.processes import START_SECONDS

SECRETS = {
    "SECRET_KEY": "a-secret-of-this-test-that-is-long-enough",
    "POSTGRES_PASSWORD": "unused",
    "DEMO_PASSWORD": "correct-horse-demo",
    "STAFF_PASSWORD": "correct-horse-staff",
}


def with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=path))


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A database of our own on the server of the tests."""
    server = os.environ["DATABASE_URL"]
    name = f"compose_{uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield with_path(server, f"/{name}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


class Containers:
    """The services of the file, their commands started here."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.services: dict[str, dict[str, Any]] = compose.read(SECRETS)["services"]
        venv = Path(sys.prefix) / "bin"
        self._env = {
            "PATH": f"{venv}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "HOSTNAME": socket.gethostname(),
        }
        self._here = {
            "DATABASE_URL": database_url,
            "REDIS_URL": with_path(os.environ["REDIS_URL"], "/15"),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    def environment(self, name: str) -> dict[str, str]:
        """What the file gives the service, the addresses being those of this machine."""
        given: Mapping[str, str] = self.services[name]["environment"]
        here = {key: value for key, value in self._here.items() if key in given}
        return {**self._env, **given, **here}

    def here(self, words: Sequence[str]) -> list[str]:
        """The same words with this machine's addresses and folders."""
        return [
            word.replace(":8000", f":{self.port}").replace("/tmp/", f"{self.folder}/")
            for word in words
        ]

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """The service's command, stopped at the end as Docker would stop it."""
        output = self.folder / f"{name}.log"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                self.here(self.services[name]["command"]),
                cwd=self.folder,
                env=self.environment(name),
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
            process.terminate()
            process.wait(15)  # its stop_grace_period
        finally:
            process.kill()
            process.wait()

    def is_healthy(self, name: str) -> bool:
        """The service's own health check."""
        kind, *words = self.here(self.services[name]["healthcheck"]["test"])
        argv = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        env = self.environment(name) if "environment" in self.services[name] else self._env
        done = subprocess.run(argv, cwd=self.folder, env=env, capture_output=True, check=False)
        return done.returncode == 0

    def await_healthy(self, name: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy(name):
            said = (self.folder / f"{name}.log").read_text()
            assert process.poll() is None, f"{name} ended:\n{said[-2000:]}"
            assert time.monotonic() < deadline, f"{name} is not healthy:\n{said[-2000:]}"
            time.sleep(0.2)

    def await_said(self, name: str, words: str) -> None:
        """Until its log has these words: some checks are too slow to be asked in vain."""
        deadline = time.monotonic() + START_SECONDS
        while words not in (said := (self.folder / f"{name}.log").read_text()):
            assert time.monotonic() < deadline, said[-2000:]
            time.sleep(0.1)


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Containers:
    """Built and migrated, as Compose has it before it starts web, worker and beat."""
    folder = image.build(tmp_path_factory.mktemp("image") / "app")
    built = Containers(folder, database_url)
    collect = ["sh", "-c", image.collect_command()]
    env = {"PATH": built.environment("web")["PATH"]}
    subprocess.run(collect, cwd=folder, env=env, check=True, capture_output=True)
    migrate = built.services["migrate"]["command"]
    for _ in range(2):  # every `make up` runs it again
        done = subprocess.run(
            migrate,
            cwd=folder,
            env=built.environment("migrate"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return built


@pytest.fixture(scope="module")
def web(containers: Containers) -> Iterator[Containers]:
    """The web server, healthy by its own check."""
    assert not containers.is_healthy("web"), "the check says healthy when nobody is there"
    with containers.running("web") as process:
        containers.await_healthy("web", process)
        yield containers


def test_postgres_health_check_tells_a_server_from_none() -> None:
    _, program, *options = compose.read(SECRETS)["services"]["postgres"]["healthcheck"]["test"]
    binary = find_binaries(Paths()) / program
    server = urlsplit(os.environ["DATABASE_URL"])

    def check(port: int) -> int:
        argv = [binary, *options, "--port", str(port)]
        return subprocess.run(argv, capture_output=True, check=False).returncode

    assert server.port
    assert check(server.port) == 0
    assert check(free_port()) != 0


def test_redis_runs_with_its_command_and_keeps_what_it_has_answered_when_killed(
    tmp_path: Path,
) -> None:
    redis = compose.read(SECRETS)["services"]["redis"]
    port = free_port()
    argv = [str(find_binary(Paths())), *redis["command"][1:], "--port", str(port)]
    process = subprocess.Popen([*argv, "--bind", "127.0.0.1"], cwd=tmp_path)
    try:
        _await_port(port)
        check = redis["healthcheck"]["test"][1:]
        asking = shutil.which("valkey-cli") or shutil.which("redis-cli")
        if asking:
            asked = subprocess.run(
                [asking, "-p", str(port), *check[1:]], capture_output=True, text=True, check=False
            )
            assert asked.stdout.strip() == "PONG"
        with Redis(port=port) as client:
            client.set("waiting", "1")
        process.kill()
        process.wait(10)
        process = subprocess.Popen([*argv, "--bind", "127.0.0.1"], cwd=tmp_path)
        _await_port(port)
        with Redis(port=port) as client:
            assert client.get("waiting") == b"1"
    finally:
        process.terminate()
        process.wait(10)
    assert check == ["valkey-cli", "ping"]
    options = redis["command"][1:]
    kept = dict(zip(options[::2], options[1::2], strict=True))
    assert kept == {"--save": "", **{f"--{key}": value for key, value in KEEPING.items()}}


def test_the_web_server_answers(web: Containers) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/health", timeout=30) as answer:
        assert json.load(answer) == {"status": "ok"}


def test_worker_and_beat_run_and_their_checks_know_it(containers: Containers) -> None:
    assert not containers.is_healthy("beat")
    with containers.running("worker") as worker, containers.running("beat") as beat:
        containers.await_said("worker", " ready.")
        containers.await_healthy("worker", worker)
        containers.await_healthy("beat", beat)
        assert (worker.poll(), beat.poll()) == (None, None)
        for name in ("worker", "beat"):  # one log, without banners in between
            for line in (containers.folder / f"{name}.log").read_text().splitlines():
                assert json.loads(line)["event"]


@pytest.fixture
def nginx(web: Containers, tmp_path: Path) -> Iterator[int]:
    """nginx with the file of the image, on a port and with folders of this machine."""
    with nginx_before([web.port], web.folder, tmp_path) as port:
        yield port


@contextmanager
def nginx_before(ports: Sequence[int], folder: Path, tmp_path: Path) -> Iterator[int]:
    """Gives its port; `ports` are those of the web containers, by their one name."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        pytest.skip("nginx is not installed here, so its configuration is not tried")
    port = free_port()
    servers = "".join(f"server 127.0.0.1:{p} max_fails=1 fail_timeout=2s;\n" for p in ports)
    config = (ROOT / "deploy" / "nginx.conf").read_text()
    for there, here in (
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        # What follows a name has been in nginx since 1.27.3: older ones here cannot read it.
        ("server web:8000 resolve max_fails=1 fail_timeout=2s;", servers),
        ("/tmp/", f"{tmp_path}/"),
        ("/srv/static/", f"{folder}/var/static/"),
        ("/dev/stdout", f"{tmp_path}/access.log"),
        ("/dev/stderr", f"{tmp_path}/error.log"),
        ("worker_rlimit_nofile 65536;", ""),
        ("worker_connections 32768", "worker_connections 256"),
    ):
        assert there in config, there
        config = config.replace(there, here)
    file = tmp_path / "nginx.conf"
    # As root it would become a user who may not read this test's files.
    file.write_text(("user root;\n" if os.geteuid() == 0 else "") + f"daemon off;\n{config}")
    subprocess.run([program, "-t", "-c", file], check=True, capture_output=True)
    process = subprocess.Popen([program, "-c", file])
    try:
        _await_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["nginx", "web"])
def static(request: pytest.FixtureRequest, web: Containers) -> str:
    """Where static files are, through nginx and without."""
    port = request.getfixturevalue("nginx") if request.param == "nginx" else web.port
    return f"http://127.0.0.1:{port}/static"


def test_the_screen_s_files_are_compressed_and_may_be_kept_for_ever(static: str) -> None:
    asset = f"{static}/assets/{image.SCRIPT}"
    request = urllib.request.Request(asset, headers={"Accept-Encoding": "gzip"})

    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()

    assert gzip.decompress(content) == b"'built'" * 100
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    with urllib.request.urlopen(asset, timeout=30) as plain:
        assert plain.read() == gzip.decompress(content)


def test_files_without_a_hash_in_their_name_are_asked_for_again(static: str) -> None:
    with urllib.request.urlopen(f"{static}/admin/css/base.css", timeout=30) as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_nginx_serves_what_the_web_server_says(nginx: int, web: Containers) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{nginx}/health", timeout=30) as answer:
        assert json.load(answer) == {"status": "ok"}
    kind, program, *words = web.services["nginx"]["healthcheck"]["test"]
    here = [word.replace(":8080", f":{nginx}") for word in words]
    assert kind == "CMD"
    if shutil.which(program):
        subprocess.run([program, *here], check=True, capture_output=True)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/x/../metrics"])
def test_nginx_shows_nobody_the_metrics_that_the_web_server_has(
    nginx: int, web: Containers, path: str
) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/metrics", timeout=30) as answer:
        assert b"tickwatch_connections" in answer.read()

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{nginx}{path}", timeout=30)

    assert refused.value.code == 404
    assert b"tickwatch_" not in refused.value.read()


def test_nginx_lets_sockets_through(nginx: int) -> None:
    address = f"ws://127.0.0.1:{nginx}/ws/prices/NOSUCHTICKER"
    with connect(address, open_timeout=30) as client, suppress(ConnectionClosed):
        while True:
            client.recv(timeout=30)

    assert client.close_code == 4004


def test_nginx_logs_requests_without_their_query(nginx: int, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with urllib.request.urlopen(f"http://127.0.0.1:{nginx}/health?token=canary-7f3a", timeout=30):
        pass
    deadline = time.monotonic() + 5
    while "/health" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (line,) = map(json.loads, log.read_text().splitlines())
    assert line["request"] == "GET /health HTTP/1.1"
    assert "canary" not in log.read_text()


def refuse(_: socket.socket) -> None:
    """A container that is gone already answers with a reset, too: nobody listens."""


def hang_up(client: socket.socket) -> None:
    client.recv(4096)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def fail(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def container_that(leaves: Callable[[socket.socket], None]) -> Iterator[int]:
    """A web container that does not serve any more; gives its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        if leaves is refuse:
            yield port
            return
        listener.listen()

        def answer() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    leaves(client)
                    client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield port
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("leaves", [refuse, hang_up, fail])
def test_nginx_gives_a_handshake_that_meets_a_leaving_container_to_the_next(
    web: Containers, tmp_path: Path, leaves: Callable[[socket.socket], None]
) -> None:
    with (
        container_that(leaves) as leaving,
        nginx_before([leaving, web.port, leaving], web.folder, tmp_path) as port,
    ):
        for _ in range(10):
            with connect(f"ws://127.0.0.1:{port}/ws/prices", open_timeout=30) as client:
                assert json.loads(client.recv(timeout=30))["type"] == "welcome"


def test_nginx_keeps_no_connection_longer_than_the_web_server_does(
    nginx: int, web: Containers
) -> None:
    """Or it would write a request into one that is being closed, and could not repeat a POST."""
    config = (ROOT / "deploy" / "nginx.conf").read_text()
    kept = re.search(r"upstream web \{.*?keepalive_timeout (\d+)s;.*?\}", config, re.DOTALL)
    assert kept
    with socket.create_connection(("127.0.0.1", web.port)) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(4096)
        assert b" 200 " in answer
        client.settimeout(int(kept[1]))
        with pytest.raises(TimeoutError):
            client.recv(4096)


def test_nginx_refuses_in_the_shape_of_the_api(nginx: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{nginx}/api/v1/auth/login", data=b"x" * 1_100_000, method="POST"
    )

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)

    assert refused.value.code == 413
    assert json.load(refused.value)["code"] == "too_large"


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on port {port}"
            time.sleep(0.05)
        else:
            return
