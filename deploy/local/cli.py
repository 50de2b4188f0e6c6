"""The command line: `python -m deploy.local run`, and `exec -- CMD` for everything else."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from deploy.local.execute import Execute
from deploy.local.paths import Paths
from deploy.local.ports import LOOPBACK
from deploy.local.run import Run
from deploy.local.trouble import Trouble, explain

_DEFAULT_PORT = 8000
_FAILED = 1


def main(words: Sequence[str] | None = None) -> int:
    """The exit code. Failures we know are one sentence on stderr."""
    arguments = _parser().parse_args(words)
    try:
        return asyncio.run(_chosen(arguments))
    except Trouble as trouble:
        return _fail(str(trouble))
    except OSError as error:
        return _fail(explain(error))
    except BaseExceptionGroup as group:
        return _fail(_first(group))
    except KeyboardInterrupt:
        return 130


def _chosen(arguments: argparse.Namespace) -> Coroutine[Any, Any, int]:
    paths = Paths()
    if arguments.command == "run":
        return _run(Run(paths, _host(), _port(), with_parent=arguments.with_parent))
    argv = arguments.argv
    return Execute(
        paths,
        argv[1:] if argv[:1] == ["--"] else argv,
        servers=arguments.servers,
        dev=arguments.dev,
        node=arguments.node,
        screen=arguments.screen,
    )()


async def _run(run: Run) -> int:
    await run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="install what is missing and run all of Tickwatch")
    run.add_argument("--with-parent", action="store_true", help="stop when the parent is gone")
    execute = commands.add_parser("exec", help="run one command with all it needs around it")
    execute.add_argument("--dev", action="store_true", help="with packages for development")
    execute.add_argument("--node", action="store_true", help="with the screen's packages")
    execute.add_argument("--screen", action="store_true", help="with the screen built")
    servers = execute.add_mutually_exclusive_group()
    for name in ("throwaway", "none"):
        flag = "--throwaway" if name == "throwaway" else "--no-servers"
        servers.add_argument(flag, dest="servers", action="store_const", const=name, default="own")
    execute.add_argument("argv", nargs=argparse.REMAINDER, help="-- the command and its words")
    return parser


def _host() -> str:
    return os.environ.get("HOST") or LOOPBACK


def _port() -> int:
    text = os.environ.get("PORT") or str(_DEFAULT_PORT)
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise Trouble(f"PORT is {text!r}, but must be a number from 1 to 65535: make run PORT=8000")


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """The sentence of the first failure of several at the same time."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Trouble):
        return str(error)
    if isinstance(error, OSError):
        return explain(error)
    raise error


def _fail(sentence: str) -> int:
    print(f"tickwatch: {sentence}", file=sys.stderr)
    return _FAILED
