"""Every command and probe of deploy/k8s, run outside Kubernetes: none is only believed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from deploy.local.ports import free_port
from tests.config.test_metrics import figures
from tests.deploy import image, k8s
from tests.integration.processes import START_SECONDS

SECRETS = {
    "SECRET_KEY": "a-secret-of-this-test-that-is-long-enough",
    "DEMO_PASSWORD": "correct-horse-demo",
    "STAFF_PASSWORD": "correct-horse-staff",
}
DRAIN_SECONDS = 1.5  # the map's ten would only be waited for
GOING_AWAY = 4100


def with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=path))


class Pods:
    """Commands of the manifests with their environment, in a folder made as the image is."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.port = folder, free_port()
        self.secrets = {
            **SECRETS,
            "DATABASE_URL": database_url,
            "REDIS_URL": os.environ["REDIS_URL"],
        }
        self._env = {
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "HOSTNAME": socket.gethostname(),
        }

    def environment(self, container: Mapping[str, Any]) -> dict[str, str]:
        """The container's, on this machine's port."""
        given = k8s.environment(dict(container), secrets=self.secrets)
        here = {"PORT": str(self.port), "HOST": "127.0.0.1"} if "PORT" in given else {}
        return {**self._env, **given, **here}

    def here(self, words: Sequence[str]) -> list[str]:
        """The same words, this folder in place of the mounted one."""
        return [word.replace("/tmp/", f"{self.folder}/") for word in words]

    def run(self, container: Mapping[str, Any], **changes: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return subprocess.run(
            self.here(container["command"]),
            cwd=self.folder,
            env={**self.environment(container), **changes},
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    @contextmanager
    def running(self, name: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
        """The container's command until the end of the block, then stopped as the kubelet does."""
        container = k8s.main_container(name)
        with self.log(name).open("wb") as stream:
            process = subprocess.Popen(
                self.here(container["command"]),
                cwd=self.folder,
                env={**self.environment(container), **changes},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
            process.terminate()
            process.wait(k8s.pod(k8s.workloads()[name])["terminationGracePeriodSeconds"])
        finally:
            process.kill()
            process.wait()

    def passes(self, name: str, kind: str) -> bool:
        """The container's probe of a kind, asked as the kubelet asks."""
        probe = k8s.main_container(name)[kind]
        seconds = probe["timeoutSeconds"]
        if "exec" in probe:
            env = self.environment(k8s.main_container(name))
            argv = self.here(probe["exec"]["command"])
            done = subprocess.run(
                argv, cwd=self.folder, env=env, timeout=seconds, capture_output=True, check=False
            )
            return done.returncode == 0
        try:
            address = f"http://127.0.0.1:{self.port}{probe['httpGet']['path']}"
            with urllib.request.urlopen(address, timeout=seconds) as answer:
                return bool(200 <= answer.status < 400)
        except OSError:
            return False

    def await_said(self, name: str, words: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while words not in (said := self.log(name).read_text()):
            assert time.monotonic() < deadline, said[-2000:]
            time.sleep(0.1)

    def await_passes(self, name: str, kind: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.passes(name, kind):
            said = self.log(name).read_text()
            assert process.poll() is None, f"{name} ended:\n{said[-2000:]}"
            assert time.monotonic() < deadline, f"{name} does not pass:\n{said[-2000:]}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A database of our own on the server of the tests."""
    server, name = os.environ["DATABASE_URL"], f"k8s_{uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield with_path(server, f"/{name}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Pods:
    """The image's folder and an empty database, then the Job; the others waited for it."""
    made = Pods(image.build(tmp_path_factory.mktemp("image") / "app"), database_url)
    env = {"PATH": made.environment(k8s.main_container("web"))["PATH"]}
    collect = ["sh", "-c", image.collect_command()]
    subprocess.run(collect, cwd=made.folder, env=env, check=True, capture_output=True)
    with waiting(made) as init:
        done = made.run(k8s.main_container("migrate"))
        assert done.returncode == 0, done.stderr
        assert init.wait(START_SECONDS) == 0
    return made


@contextmanager
def waiting(pods: Pods) -> Iterator[subprocess.Popen[bytes]]:
    """The init container of web, which has found that tables are missing."""
    (container,) = k8s.pod(k8s.workloads()["web"])["initContainers"]
    once = container["command"][-1].split("until ")[1].split(";")[0]
    checked = pods.run({**container, "command": ["sh", "-c", once]})
    assert checked.returncode == 1, "an empty database is taken for a migrated one"
    init = subprocess.Popen(
        container["command"],
        cwd=pods.folder,
        env=pods.environment(container),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield init
    finally:
        if init.poll() is None:
            os.killpg(init.pid, signal.SIGKILL)
        init.wait()


@pytest.fixture
def web(pods: Pods) -> Iterator[subprocess.Popen[bytes]]:
    assert not pods.passes("web", "startupProbe"), "it passes when nobody is there"
    with pods.running("web", WEB_DRAIN_SECONDS=str(DRAIN_SECONDS)) as process:
        pods.await_passes("web", "startupProbe", process)
        yield process


def listening(pods: Pods) -> ClientConnection:
    address = f"ws://127.0.0.1:{pods.port}/ws/prices/AAPL"
    return connect(address, open_timeout=10, close_timeout=0.1)


def test_a_web_pod_passes_all_its_probes_before_there_is_any_price(
    pods: Pods, web: subprocess.Popen[bytes]
) -> None:
    assert pods.passes("web", "livenessProbe")
    assert pods.passes("web", "readinessProbe")
    with pytest.raises(urllib.error.HTTPError) as unready:
        urllib.request.urlopen(f"http://127.0.0.1:{pods.port}/health/ready", timeout=30)
    assert json.load(unready.value)["checks"]["prices"]["status"] == "failed"


def test_a_web_pod_answers_to_its_public_name_too_and_to_no_other(
    pods: Pods, web: subprocess.Popen[bytes]
) -> None:
    def status(host: str) -> int:
        address = f"http://127.0.0.1:{pods.port}/health"
        request = urllib.request.Request(address, headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    assert status(k8s.config_map()["ALLOWED_HOSTS"]) == 200
    assert status("other.example.com") == 400


def test_prometheus_finds_the_pod_s_sockets_where_its_annotations_say(
    pods: Pods, web: subprocess.Popen[bytes]
) -> None:
    annotations = k8s.workloads()["web"]["spec"]["template"]["metadata"]["annotations"]
    address = f"http://127.0.0.1:{pods.port}{annotations['prometheus.io/path']}"

    def count() -> float:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return figures(answer.read().decode())["tickwatch_connections{prices}"]

    assert count() == 0
    with listening(pods):
        deadline = time.monotonic() + 5
        while count() != 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_pod_that_is_told_to_go_fails_readiness_alone_serves_on_and_then_sends_sockets_away(
    pods: Pods, web: subprocess.Popen[bytes]
) -> None:
    with listening(pods) as client:
        client.recv(timeout=30)
        told = time.monotonic()
        web.terminate()
        while pods.passes("web", "readinessProbe"):
            assert time.monotonic() < told + DRAIN_SECONDS
        assert pods.passes("web", "livenessProbe")
        with suppress(ConnectionClosed):
            while True:
                client.recv(timeout=20)
        assert time.monotonic() >= told + DRAIN_SECONDS
        assert client.close_code == GOING_AWAY
    assert web.wait(20) == 0


def test_worker_and_beat_run_and_their_probes_know_it(pods: Pods) -> None:
    assert not pods.passes("beat", "livenessProbe")
    with pods.running("worker") as worker, pods.running("beat") as beat:
        pods.await_said("worker", " ready.")  # its probe is too slow to be asked in vain
        pods.await_passes("worker", "readinessProbe", worker)
        pods.await_passes("beat", "livenessProbe", beat)
        assert (worker.poll(), beat.poll()) == (None, None)
