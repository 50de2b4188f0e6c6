"""pip's own wheel, for a Python that came without pip: from this system, else from the index."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

from deploy.local.trouble import Trouble

_SYSTEM = (Path("/usr/share/python-wheels"),)
_DEFAULT_INDEX = "https://pypi.org/simple"  # pip's own default
_LINK = re.compile(r"""href=["']([^"']+)["']""")
_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl$")
_TIMEOUT_SECONDS = 30


def find_pip_wheel(folder: Path) -> Path:
    """A wheel of pip, which Python can run as it is. Downloaded ones are put into `folder`."""
    found = [wheel for place in _SYSTEM for wheel in place.glob("pip-*-py3-none-any.whl")]
    if found:
        return max(found, key=lambda wheel: _version(wheel.name))
    try:
        return _download(folder)
    except (OSError, ValueError) as error:
        raise Trouble(
            f"This Python has no pip, and it cannot be downloaded ({error}). "
            "Install it (Debian, Ubuntu: apt install python3-venv) and start again."
        ) from error


def _download(folder: Path) -> Path:
    settings = pip_settings()
    index = settings.get("index-url", _DEFAULT_INDEX).rstrip("/") + "/pip/"
    tls = ssl.create_default_context(cafile=settings.get("cert"))
    link, checksum = urldefrag(newest(_read(index, tls).decode(), index))
    content = _read(link, tls)
    algorithm, _, wanted = checksum.partition("=")
    if algorithm and hashlib.new(algorithm, content).hexdigest() != wanted:
        raise ValueError("its checksum is wrong")
    wheel = folder / unquote(link.rsplit("/", 1)[-1])
    wheel.write_bytes(content)
    return wheel


def _read(address: str, tls: ssl.SSLContext) -> bytes:
    # Any scheme that pip's own settings name is fine, file: too.
    with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS, context=tls) as answer:  # noqa: S310
        content: bytes = answer.read()
        return content


def newest(page: str, address: str) -> str:
    """The address of the newest released wheel on an index page (PEP 503)."""
    links = [urljoin(address, unescape(link)) for link in _LINK.findall(page)]
    wheels = [link for link in links if _WHEEL.search(urldefrag(link).url)]
    if not wheels:
        raise ValueError(f"{address} lists no wheel of pip")
    return max(wheels, key=lambda link: _version(urldefrag(link).url))


def pip_settings() -> dict[str, str]:
    """What pip itself would take from its files and the environment; later ones win."""
    settings: dict[str, str] = {}
    for file in _config_files():
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(file)
        for section in ("global", "install"):
            if parser.has_section(section):
                settings.update(parser.items(section))
    for key in ("index-url", "cert"):
        if value := os.environ.get(f"PIP_{key.upper().replace('-', '_')}"):
            settings[key] = value
    return settings


def _config_files() -> list[Path]:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = os.environ.get("PIP_CONFIG_FILE")
    return [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        config_home / "pip" / "pip.conf",
        *([Path(named)] if named else []),
    ]


def _version(name: str) -> tuple[int, ...]:
    match = _WHEEL.search(name)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
