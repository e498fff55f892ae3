"""An import closes its connections to the server that it imports from when it ends."""

from __future__ import annotations

import http.server
import threading

import pytest
import requests

from kolibri_azure_plugin.content.channels.import_retries import release_connections


class Source(http.server.ThreadingHTTPServer):
    """Keeps each connection open until the client closes it, and counts those."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.closed_by_the_client = threading.Semaphore(0)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def finish(self):
        super().finish()
        self.server.closed_by_the_client.release()

    def log_message(self, *_arguments):
        """Write nothing to the test's output."""


@pytest.fixture
def source():
    with Source() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Manager:
    """What the wrapper uses of Kolibri's manager of an import over the network."""

    def __init__(self):
        self.session = requests.Session()
        self.executor = self.exception = None
        self.future_file_transfers = {}


@pytest.mark.parametrize("fails", [False, True], ids=["an import that ends", "one that fails"])
def test_no_connection_to_the_source_is_left(source, fails):
    def run(manager):
        manager.session.get(source.url)
        if fails:
            raise OSError("the share does not work")

    manager = Manager()
    try:
        release_connections(run)(manager)
    except OSError:
        assert fails

    assert source.closed_by_the_client.acquire(timeout=30)


def test_an_import_from_a_drive_has_no_session():
    manager = Manager()
    del manager.session

    assert release_connections(lambda _: "done")(manager) == "done"
