"""A loopback listener with one daemon thread for each connection, which stops promptly."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

LOOPBACK = "127.0.0.1"


class Listener:
    """Accepts connections on 127.0.0.1 and passes each to `serve` in a separate thread."""

    def __init__(self, name: str, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self._name = name
        self._serve = serve
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError as error:
            self._socket.close()
            raise OSError(
                error.errno,
                f"the stand-in's {name} cannot listen on {LOOPBACK}:{port}: {error.strerror}",
            ) from error
        self._stopped = threading.Event()
        self._handles: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port; the system chooses it unless one was given."""
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def stopped(self) -> threading.Event:
        """Set when the listener stops. Use it instead of sleep while serving."""
        return self._stopped

    def start(self) -> None:
        """Start accepting connections."""
        self._socket.listen(128)
        threading.Thread(target=self._accept, name=f"standin-{self._name}", daemon=True).start()

    def stop(self) -> None:
        """Close the port and every open connection."""
        self._stopped.set()
        # shutdown() wakes a thread that waits in accept(); close() does not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for handle in self._handles:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._run, args=(connection,), name=f"standin-{self._name}", daemon=True
            ).start()

    def _run(self, connection: socket.socket) -> None:
        # TLS takes over the socket object, but a duplicate still refers to the connection.
        handle = connection.dup()
        with self._lock:
            self._handles.add(handle)
        try:
            if not self._stopped.is_set():
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._serve(connection)
        except OSError:
            pass  # The client may disconnect at any time.
        finally:
            connection.close()
            with self._lock:
                self._handles.discard(handle)
                handle.close()


def reset_on_close(connection: socket.socket) -> None:
    """Make the next close() send a TCP reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
