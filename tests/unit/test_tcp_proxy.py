"""The proxy delays by its setting, cuts on request, and otherwise changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import random
import socket
import ssl
import statistics
import threading
import time

import pytest

from devtools.certificates import CertificateAuthority
from devtools.tcp_proxy import LatencyProxy, TcpProxy

LOOPBACK = "127.0.0.1"
MEGABYTES = 20


@pytest.fixture
def echo():
    """The port of an echo server."""
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
    yield port_of(listener)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def delayed(echo, tmp_path):
    """The same, behind a delay of 20 ms each way."""
    with LatencyProxy(echo, tmp_path, milliseconds=20) as delay:
        yield delay.port


def connect(port):
    connection = socket.create_connection((LOOPBACK, port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def test_a_delayed_packet_is_never_early_and_seldom_late(delayed):
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
    with (
        socket.create_server((LOOPBACK, 0)) as listener,
        LatencyProxy(port_of(listener), tmp_path) as delay,
        connect(delay.port) as client,
    ):
        server, _ = listener.accept()
        server.sendall(b"the end")
        server.close()
        assert client.recv(100) == b"the end"
        assert client.recv(100) == b""


def test_a_delay_passes_on_refused_connections(tmp_path):
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = port_of(listener)
    with LatencyProxy(port, tmp_path) as delay, connect(delay.port) as client:
        assert client.recv(1) == b""


def test_a_cut_holds_everything_up_and_a_restored_way_delivers_it_in_order(echo):
    with TcpProxy(echo) as proxy, connect(proxy.port) as connection:
        assert answer_to(connection, b"one") == b"one"
        proxy.cut()
        connection.sendall(b"two")
        connection.settimeout(0.2)
        with pytest.raises(OSError, match="timed out"):
            connection.recv(1)
        connection.sendall(b"three")
        connection.settimeout(30)
        proxy.restore()
        assert receive(connection, len(b"twothree")) == b"twothree"


def test_a_cut_way_accepts_a_client_and_keeps_the_servers_end_from_it():
    with socket.create_server((LOOPBACK, 0)) as listener, TcpProxy(port_of(listener)) as proxy:
        proxy.cut()
        with connect(proxy.port) as client:
            listener.accept()[0].close()
            client.settimeout(0.2)
            with pytest.raises(OSError, match="timed out"):
                client.recv(1)


def test_a_proxy_that_is_left_ends_every_connection(echo):
    with TcpProxy(echo) as proxy:
        connection = connect(proxy.port)
        assert answer_to(connection, b"one") == b"one"
    with connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.port)


def test_the_server_sees_the_address_that_the_proxy_is_given():
    with (
        socket.create_server((LOOPBACK, 0)) as listener,
        TcpProxy(port_of(listener), source="127.0.0.2") as proxy,
        connect(proxy.port),
    ):
        server, address = listener.accept()
        server.close()
    assert address[0] == "127.0.0.2"


def test_the_clients_tls_ends_at_a_proxy_that_has_a_certificate(echo, tmp_path):
    authority = CertificateAuthority.create(tmp_path)
    certificate = authority.issue("pooler", ["localhost"])
    trust = ssl.create_default_context(cafile=str(authority.certificate_file))
    with TcpProxy(echo, certificate=certificate) as proxy, connect(proxy.port) as client:
        client.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")  # PostgreSQL's SSLRequest
        assert client.recv(1) == b"S"
        with trust.wrap_socket(client, server_hostname="localhost") as connection:
            # Sent and received in turn: two threads must not use one TLS connection at once.
            text = b"0123456789" * 5_000
            for _ in range(20):
                assert answer_to(connection, text) == text


def port_of(listener):
    return listener.getsockname()[1]


def answer_to(connection, data):
    connection.sendall(data)
    return receive(connection, len(data))


def receive(connection, count):
    received = b""
    while len(received) < count:
        data = connection.recv(1 << 16)
        assert data, f"the connection ended after {len(received)} bytes"
        received += data
    return received
