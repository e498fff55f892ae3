"""The delay between the app and its database: late by what it says, and otherwise not there."""

from __future__ import annotations

import hashlib
import random
import socket
import statistics
import threading
import time

import pytest

from devtools.delay import Delay

LOOPBACK = "127.0.0.1"
MEGABYTES = 20


@pytest.fixture
def echo():
    """The port of a server that sends back what it gets."""
    listener = socket.create_server((LOOPBACK, 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=send_back, args=(connection,), daemon=True).start()

    def send_back(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def delayed(echo, tmp_path):
    """The same, behind a delay of 20 ms each way."""
    with Delay(echo, tmp_path, milliseconds=20) as delay:
        yield delay.port


def connect(port):
    connection = socket.create_connection((LOOPBACK, port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def test_what_is_delayed_is_never_early_and_seldom_late(delayed):
    took = []
    with connect(delayed) as connection:
        for _ in range(20):
            begun = time.monotonic()
            connection.sendall(b"?")
            connection.recv(1)
            took.append(time.monotonic() - begun)
    assert min(took) >= 0.040
    assert statistics.median(took) < 0.080


def test_a_delay_keeps_every_byte_in_its_order_and_the_rate(delayed):
    sent = random.Random(5).randbytes(MEGABYTES << 20)
    received = hashlib.sha256()
    with connect(delayed) as connection:
        sender = threading.Thread(target=send_all, args=(connection, sent))
        begun = time.monotonic()
        sender.start()
        while data := connection.recv(1 << 20):
            received.update(data)
        took = time.monotonic() - begun
        sender.join()
    assert received.digest() == hashlib.sha256(sent).digest()
    # One piece of 64 kB after the other, each 40 ms late, would take 13 seconds.
    assert took < 6


def send_all(connection, data):
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def test_a_delay_ends_a_connection_that_the_server_ends(tmp_path):
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        with Delay(port, tmp_path) as delay, connect(delay.port) as client:
            server, _ = listener.accept()
            server.sendall(b"the end")
            server.close()
            assert client.recv(100) == b"the end"
            assert client.recv(100) == b""


def test_a_delay_refuses_what_the_server_refuses(tmp_path):
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    with Delay(port, tmp_path) as delay, connect(delay.port) as client:
        assert client.recv(1) == b""
