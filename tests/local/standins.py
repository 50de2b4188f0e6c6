"""A small project in place of Tickwatch: the launcher is real, what it starts is quick."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.local import stamp
from deploy.local.paths import ROOT, Paths

SERVER = '''
"""Answers /health, and has a child of its own, as a server with several processes has."""
import os, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if os.environ.get("STANDIN_FAILS"):
    sys.exit("the stand-in fails on purpose")
subprocess.Popen(["sleep", "1000"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        hosts = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")
        self.send_response(200 if self.headers["Host"].split(":")[0] in hosts else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
'''
CELERY = '''
"""A worker or a Beat that does nothing; deaf to SIGTERM if told so."""
import os, signal, sys, time

if os.environ.get("STANDIN_DEAF"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(sys.argv[4], "is up", flush=True)
time.sleep(1000)
'''
PREPARE = '''
"""Says what a wrong setting would make the real one say."""
import os, sys

if os.environ.get("STANDIN_WRONG_SETTING"):
    sys.exit("Tickwatch cannot start: PRICE_UPDATE_SECONDS is 'abc', but must be a number.")
print("prepared")
'''


def make_project(root: Path) -> Path:
    """A folder that `python -m deploy.local run` can run from."""
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "deploy", root / "deploy", ignore=without)
    shutil.copy(ROOT / "Makefile", root)
    for place, text in (
        ("config/__init__.py", ""),
        ("config/server.py", SERVER),
        ("celery/__init__.py", ""),
        ("celery/__main__.py", CELERY),
        ("deploy/prepare.py", PREPARE),
        ("frontend/index.html", "<!doctype html>"),
        ("frontend/dist/index.html", "<!doctype html>"),
    ):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)
    sources = stamp.files_below(root / "frontend", without=frozenset({"dist"}))
    paths = Paths(root)
    paths.make_var()
    stamp.write(paths.var / "screen.sha256", stamp.digest(sources))
    return root
