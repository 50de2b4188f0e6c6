"""The one file that is kept: a refresh token for each server, for its owner's eyes only."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from frontend.console.endings import Stop


class TokenFile:
    """Refresh tokens by the address of the server they belong to.

    A refresh token works once, so that two clients that used the same one would end the
    sign-in of both. Therefore whoever changes the file holds it for as long. Errors: Stop
    where it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[dict[str, str]]:
        """What is in it; changes are written when the block is left, by an error, too."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = self._lock()
        except OSError as error:
            raise self._trouble(error) from error
        with open(descriptor, "rb") as file:
            tokens = self._parsed(file.read())
            before = dict(tokens)
            try:
                yield tokens
            finally:
                if tokens != before or not tokens:
                    self._write(tokens)

    def _lock(self) -> int:
        """Another may have put a new file into place while we waited for the old one."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                        os.fchmod(descriptor, 0o600)
                        return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _write(self, tokens: dict[str, str]) -> None:
        """All or nothing, and before the old one is gone for good: a token lost is a sign-in."""
        try:
            if not tokens:
                self._path.unlink(missing_ok=True)
                return
            # Made with mode 600.
            descriptor, made = tempfile.mkstemp(prefix=".tokens-", dir=self._path.parent)
            try:
                with open(descriptor, "w", encoding="utf-8") as file:
                    json.dump(tokens, file, indent=1)
                    file.flush()
                    os.fsync(descriptor)
                os.replace(made, self._path)
            except BaseException:
                os.unlink(made)
                raise
        except OSError as error:
            raise self._trouble(error) from error

    def _parsed(self, text: bytes) -> dict[str, str]:
        if not text:
            return {}
        with suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict) and all(isinstance(v, str) for v in found.values()):
                return found
        raise Stop(f"{self._path} is no token file. Name another by --token-file, or delete it.")

    def _trouble(self, error: OSError) -> Stop:
        return Stop(f"The token file {self._path} cannot be kept: {error.strerror or error}.")
