"""The program in HEALTHCHECK of the image."""

from __future__ import annotations

import http.server
import threading

import pytest

from kolibri_azure_plugin.container import healthcheck
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.web.health import LIVE


class Front(http.server.BaseHTTPRequestHandler):
    """Answers the probe like a live container."""

    def do_GET(self):
        self.send_response(self.server.status if self.path == LIVE else 404)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def front():
    with http.server.HTTPServer(("127.0.0.1", 0), Front) as server:
        server.status = 200
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def run_folder(tmp_path, monkeypatch, front):
    """The folder to which the container of this process writes."""
    for name in ("KOLIBRI_LISTEN_ADDRESS", "PORT", "WEBSITES_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KOLIBRI_CONTAINER_RUN", str(tmp_path))
    monkeypatch.setenv("PORT", str(front.server_port))
    (tmp_path / "services" / "nginx").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:1"])
def test_a_container_that_answers_is_well(run_folder, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    healthcheck.main()


@pytest.mark.usefixtures("run_folder")
def test_the_port_may_have_the_name_that_the_template_gives_it(monkeypatch, front):
    monkeypatch.delenv("PORT")
    monkeypatch.setenv("WEBSITES_PORT", str(front.server_port))
    healthcheck.main()


@pytest.mark.usefixtures("run_folder")
def test_an_answer_that_is_an_error_is_none(front):
    front.status = 503
    with pytest.raises(SystemExit) as ended:
        healthcheck.main()
    url = f"http://127.0.0.1:{front.server_port}{LIVE}"
    assert ended.value.code == f"{url}: HTTP Error 503: Service Unavailable"


def test_where_nothing_listens_nothing_is_asked(run_folder, front):
    front.status = 503
    (run_folder / "services" / "nginx").rmdir()
    healthcheck.main()


@pytest.mark.usefixtures("run_folder")
def test_a_setting_that_cannot_be_used_is_named(monkeypatch):
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(SystemExit) as ended:
        healthcheck.main()
    assert "PORT (environment): is 'eighty'" in ended.value.code


@pytest.mark.parametrize(
    "listen_address, url",
    [
        ("", "http://127.0.0.1:8080"),
        ("127.0.0.5", "http://127.0.0.5:8080"),
        ("::1", "http://[::1]:8080"),
        ("[::1]", "http://[::1]:8080"),
    ],
)
def test_the_address_is_that_on_which_the_container_listens(listen_address, url):
    assert healthcheck.address(ImageSettings(listen_address=listen_address)) == url
