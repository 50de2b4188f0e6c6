"""What docker-compose.yml promises before anything runs."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.env_file import write
from deploy.local.paths import ROOT
from tests.deploy import compose, image

SECRETS = dict.fromkeys(("SECRET_KEY", "POSTGRES_PASSWORD"), "s3cret")
PASSWORDS = dict.fromkeys(("DEMO_PASSWORD", "STAFF_PASSWORD"), "s3cret")
ALL = {**SECRETS, **PASSWORDS}


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose.read(ALL)["services"]
    return found


@pytest.mark.parametrize("name", sorted(ALL))
def test_it_refuses_to_start_without_a_secret_and_says_what_to_do(name: str) -> None:
    without = {key: value for key, value in ALL.items() if key != name}

    with pytest.raises(compose.MissingVariable, match=rf"{name}: Set {name} in \.env"):
        compose.read(without)


def test_every_service_is_checked_or_runs_once() -> None:
    unchecked = [name for name, service in services().items() if "healthcheck" not in service]

    assert unchecked == ["migrate"]
    assert services()["migrate"]["restart"] == "no"


def test_each_waits_for_what_it_needs() -> None:
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services().items()
    }

    servers = {"postgres": "service_healthy", "redis": "service_healthy"}
    migrated = {**servers, "migrate": "service_completed_successfully"}
    assert needs == {
        "postgres": {},
        "redis": {},
        "migrate": servers,
        "web": migrated,
        "worker": migrated,
        "beat": migrated,
        "nginx": {"web": "service_healthy"},
    }


def test_only_nginx_can_be_reached_from_outside() -> None:
    open_to_others = [name for name, service in services().items() if service.get("ports")]

    assert open_to_others == ["nginx"]
    assert services()["nginx"]["ports"] == ["127.0.0.1:8000:8080"]
    assert compose.read(ALL)["networks"]["backend"] == {"internal": True}


@pytest.mark.parametrize("name", ["web", "worker"])
def test_there_may_be_several_containers_of_one_service(name: str) -> None:
    """`docker compose up --scale web=3`: what there can be only one of would stop the second."""
    of_one_only = {"container_name", "ports", "hostname", "volumes", "network_mode"}

    assert of_one_only & set(services()[name]) == set()
    assert isinstance(services()[name]["networks"], list)  # by address, which Docker gives each


@pytest.mark.parametrize(
    ("name", "has_way_out"),
    [("worker", True), ("nginx", True), ("web", False), ("beat", False), ("migrate", False)],
)
def test_nobody_gets_out_but_the_worker_who_asks_vendors(name: str, has_way_out: bool) -> None:
    """And nginx, which is asked from there."""
    networks = compose.read(ALL)["networks"]
    inside = {network for network, options in networks.items() if (options or {}).get("internal")}

    assert bool(set(services()[name]["networks"]) - inside) == has_way_out


def test_what_is_to_be_kept_is_in_a_named_volume() -> None:
    document = compose.read(ALL)
    mounted = [v.split(":")[0] for s in document["services"].values() for v in s.get("volumes", [])]

    assert mounted == list(document["volumes"]) == ["postgres", "redis"]


def test_our_containers_cannot_write_or_become_root() -> None:
    for name in ("migrate", "web", "worker", "beat", "nginx"):
        service = services()[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert "USER tickwatch" in image.stages()["app"]


def test_the_image_s_own_command_is_the_web_server() -> None:
    command = str(services()["web"]["command"]).replace("'", '"')

    assert f"CMD {command}" in image.stages()["app"]


def test_every_package_of_ours_is_in_the_image() -> None:
    copied = {line.split()[1] for line in image.stages()["app"] if line.startswith("COPY ")}
    outside = {"tests", "bench"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - outside

    assert packages <= copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in packages} <= set(ignored)


def test_the_env_file_gets_secrets_of_its_own_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    write(ROOT / ".env.example", file)

    values = dict(
        line.split("=", 1) for line in file.read_text().splitlines() if line and line[0] != "#"
    )
    assert len({values[name] for name in ALL}) == len(ALL)
    assert all(len(values[name]) >= 32 for name in ALL)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    compose.read(values)
    with pytest.raises(SystemExit, match="is there already"):
        write(ROOT / ".env.example", file)


@pytest.mark.parametrize(("chosen", "port"), [((), "unset"), (("PORT=9000",), "9000")])
def test_make_up_leaves_the_port_to_the_env_file_unless_told(
    chosen: tuple[str, ...], port: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".env").touch()
    compose_stand_in = "sh -c 'echo port $${PORT:-unset}' --"

    done = subprocess.run(
        ["make", "--silent", "up", f"COMPOSE={compose_stand_in}", *chosen],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1] == f"port {port}", done.stderr
