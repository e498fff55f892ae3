"""A way to a server on this machine that can be cut: then nothing passes, and nothing is closed."""

from __future__ import annotations

import contextlib
import socket
import threading


class BreakableLink:
    """Listens on 127.0.0.1 and passes everything on to `port`, until :meth:`cut`.

    Cut, it is a network that swallows every packet while both ends still believe in their
    connection: harder than one whose silence the operating systems notice by themselves.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._passing = threading.Event()
        self._passing.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End every connection."""
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._passing.set()

    def cut(self) -> None:
        """Let nothing pass any more, of old connections and of new ones."""
        self._passing.clear()

    def mend(self) -> None:
        """Let everything pass again, what was held up included."""
        self._passing.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._passing.wait()
                sink.sendall(data)
            # An end of a connection is a packet too.
            self._passing.wait()
            sink.shutdown(socket.SHUT_WR)
