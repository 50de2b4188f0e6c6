"""A wire between two programs that a test can cut and mend."""

import contextlib
import selectors
import socket
import threading

from deploy.local.ports import free_port


class Wire:
    """Listens on a port of this machine and passes everything on; when cut, nobody listens."""

    def __init__(self, host: str, port: int) -> None:
        self.port = free_port()
        self._target = (host, port)
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._ends: dict[socket.socket, socket.socket] = {}
        self._dead: set[socket.socket] = set()
        self._word: bytes | None = None
        self._held: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._is_closed = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self.mend()
        self._thread.start()

    def mend(self) -> None:
        """Let connections through."""
        listener = socket.create_server(("127.0.0.1", self.port))
        with self._lock:
            self._listener = listener
            self._selector.register(listener, selectors.EVENT_READ)

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        with self._lock:
            for end in list(self._ends):
                self._break(end)
            if self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None

    def fall_silent(self) -> None:
        """Drop everything on the way without a sign, as a network does; nothing is broken off."""
        with self._lock:
            for key in list(self._selector.get_map().values()):
                self._selector.unregister(key.fileobj)

    def speak(self) -> None:
        """Carry again, also what has been waiting."""
        with self._lock:
            for end in [self._listener, *self._ends]:
                if end is not None:
                    self._selector.register(end, selectors.EVENT_READ)

    def forget(self) -> None:
        """After a silence: carry new connections; those that were open stay dead without a sign."""
        with self._lock:
            self._dead.update(self._ends)
            self._ends.clear()
            if self._listener is not None:
                self._selector.register(self._listener, selectors.EVENT_READ)

    def hold_back(self, word: bytes) -> None:
        """Whoever says this word is not heard from there on, until `let_go`; the others are."""
        with self._lock:
            self._word = word

    @property
    def holds_back(self) -> bool:
        """Whether somebody has said it."""
        return bool(self._held)

    def let_go(self) -> None:
        """Carry what was held back."""
        with self._lock:
            self._word, held, self._held = None, self._held, {}
            for end, said in held.items():
                if end in self._ends:
                    self._ends[end].sendall(said)

    def close(self) -> None:
        self.cut()
        for end in self._dead:
            end.close()
        self._is_closed = True
        self._thread.join(5)
        self._selector.close()

    def _carry(self) -> None:
        while not self._is_closed:
            for key, _ in self._selector.select(timeout=0.05):
                with self._lock:
                    end = key.fileobj
                    if end is self._listener:
                        self._connect()
                    elif isinstance(end, socket.socket) and end in self._ends:
                        self._pass_on(end)

    def _connect(self) -> None:
        assert self._listener is not None
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            client.close()
            return
        for end, other in ((client, server), (server, client)):
            self._ends[end] = other
            self._selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        try:
            said = end.recv(65536)
            if said and self._word and (end in self._held or self._word in said):
                self._held[end] = self._held.get(end, b"") + said
                return
            if said:
                self._ends[end].sendall(said)
                return
        except OSError:
            pass
        self._break(end)

    def _break(self, end: socket.socket) -> None:
        other = self._ends.pop(end, None)
        if other is None:
            return
        self._ends.pop(other, None)
        for each in (end, other):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(each)
            each.close()
