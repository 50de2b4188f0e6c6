"""Ports that are chosen before somebody listens there."""

import socket

import pytest

from deploy.local.ports import LOOPBACK, free_port


def test_a_free_port_is_kept_for_the_server_that_asks_for_it() -> None:
    port = free_port()
    with socket.socket() as somebody, pytest.raises(OSError, match="in use"):
        somebody.bind((LOOPBACK, port))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()
        socket.create_connection((LOOPBACK, port)).close()


def test_a_free_port_is_given_once() -> None:
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)
