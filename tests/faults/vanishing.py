"""Run in a network of its own: what a question to Postgres does when the network is gone.

Prints how many seconds it has waited. Somebody stands in for Postgres who only lets us in.
"""

import subprocess
import threading
import time
from socket import create_server, socket

import psycopg
from django.conf import settings

READY = b"R\0\0\0\x08\0\0\0\0" + b"Z\0\0\0\x05I"


def let_in(listener: socket) -> None:
    client, _ = listener.accept()
    client.recv(4096)
    client.sendall(READY)
    client.recv(4096)


def loopback(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def main() -> None:
    loopback("up")
    with create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=let_in, args=[listener], daemon=True).start()
        options = {k: v for k, v in settings.DATABASES["default"]["OPTIONS"].items() if k != "pool"}
        host, port = listener.getsockname()
        link = psycopg.connect(
            **options, host=host, port=port, user="x", sslmode="disable", autocommit=True
        )
        loopback("down")
        asked = time.monotonic()
        try:
            link.execute("SELECT 1")
        except psycopg.OperationalError:
            print(time.monotonic() - asked)


if __name__ == "__main__":
    main()
