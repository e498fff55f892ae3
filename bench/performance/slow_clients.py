"""Clients on slow connections, each downloading a file repeatedly.

    python -m bench.performance.slow_clients URL [--clients 200] [--rate 100000]

Prints a line once all clients have received bytes, and on SIGTERM the bytes per second.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from devtools.process import BackgroundProcess

CLIENTS, RATE = 200, 100_000

#: Each client reads this many times a second.
LOOKS = 4

#: The receive buffer of each client. It is small, or the server would see a fast connection.
BUFFER = 32 * 1024

STARTED = "all have begun"
REPOSITORY = Path(__file__).parents[2]


class SlowClients(BackgroundProcess):
    """Runs the command above; use it as a context manager."""

    def __init__(self, url: str, folder: Path, *, clients: int = CLIENTS) -> None:
        super().__init__(
            [sys.executable, "-m", __name__, url, "--clients", str(clients)],
            environment={"PYTHONPATH": str(REPOSITORY)},
            folder=folder,
            log_file=folder / "slow-clients.log",
        )


class Client:
    """Downloads one file after another, at no more than `rate` bytes a second."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._address = (host, port)
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        self.received = 0
        self._connect()

    def look(self, most: int) -> None:
        """Read up to `most` of the received bytes; start again after the last."""
        try:
            data = self._socket.recv(most)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.received += len(data)
        if not data:
            self._socket.close()
            self._connect()

    def _connect(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.connect(self._address)
        self._socket.sendall(self._request.encode())
        self._socket.setblocking(False)


def download(clients: list[Client], rate: int) -> None:
    """Download until the process ends."""
    said = False
    due = time.monotonic()
    while True:
        for client in clients:
            client.look(rate // LOOKS)
        if not said and all(client.received for client in clients):
            print(STARTED, flush=True)
            said = True
        due += 1 / LOOKS
        time.sleep(max(due - time.monotonic(), 0))


def main() -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--rate", type=int, default=RATE, help="bytes a second of each")
    options = parser.parse_args()
    parts = urlsplit(options.url)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    began = time.monotonic()
    clients = [
        Client(parts.hostname or "", parts.port or 80, parts.path) for _ in range(options.clients)
    ]
    with contextlib.suppress(SystemExit):
        download(clients, options.rate)
    received = sum(client.received for client in clients)
    print(f"{received / (time.monotonic() - began):.0f} bytes a second", flush=True)


if __name__ == "__main__":
    main()
