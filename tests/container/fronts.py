"""nginx as the container starts it, in front of the servers on the sockets of its folder."""

from __future__ import annotations

import dataclasses
import http.client
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.ports import free_port
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.container.nginx import MODULES, Nginx

ZIPCONTENT = "content.example.org"

#: Headers about the server and the connection, and those that only nginx sends.
OF_THE_SERVER = {"server", "date", "connection", "transfer-encoding"}
MORE = {"x-content-type-options"}


class Front(BackgroundProcess):
    """A running nginx.

    :ivar url: its address.
    """

    url = ""
    #: The nginx that reads the content share for it, and ends with it.
    content: BackgroundProcess | None = None

    def kill(self) -> int:
        if self.content:
            self.content.kill()
        return super().kill()

    def answers(self) -> bool:
        port = urlsplit(self.url).port
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port or 0)) == 0


def start_front(folder: Path, **options: object) -> Front:
    """nginx with its own folders below `folder`, unless the options name others."""
    port = free_port()
    run = folder / "run"
    run.mkdir(exist_ok=True)
    given = {"static": folder / "static", "content": folder / "content", **options}
    nginx = Nginx(run=run, listen=f"127.0.0.1:{port}", **given)  # type: ignore[arg-type]
    nginx.write()
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    log_file = folder / "nginx.log"
    (run / "content.sock").unlink(missing_ok=True)
    content = BackgroundProcess(
        nginx.content_command(), environment=environment, folder=run, log_file=log_file
    )
    content.wait_until((run / "content.sock").exists, "nginx to listen for content", 20)
    front = Front(nginx.command(), environment=environment, folder=run, log_file=log_file)
    front.content = content
    front.url = f"http://127.0.0.1:{port}"
    front.wait_until(front.answers, "nginx to listen", 20)
    return front


def start_gunicorn(
    folder: Path,
    application: str,
    socket_name: str,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Front:
    """gunicorn on a socket for nginx, and on a port for comparisons."""
    port = free_port()
    (folder / "run").mkdir(exist_ok=True)
    path = folder / "run" / socket_name
    binds = [f"--bind=unix:{path}", f"--bind=127.0.0.1:{port}"]
    more = ["--threads=4", "--limit-request-line=0", "--graceful-timeout=1", *options]
    process = Front(
        [sys.executable, "-m", "gunicorn", *binds, *more, application],
        environment={"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})},
        folder=Path(__file__).parent,
        log_file=folder / f"{socket_name}.log",
    )
    process.url = f"http://127.0.0.1:{port}"
    process.wait_until(process.answers, f"gunicorn on {path}", 60)
    return process


@dataclasses.dataclass(frozen=True)
class Answer:
    """A server's answer, with lower-case header names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def told(answer: Answer) -> dict[str, str]:
    """The headers that matter to a browser. Quotes around a charset change nothing."""
    return {
        name: value.replace('"utf-8"', "utf-8")
        for name, value in answer.headers.items()
        if name not in OF_THE_SERVER | MORE
    }


def ask(
    url: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
    seconds: float = 30,
) -> Answer:
    """Send a request with an unchanged path and only the given headers.

    :raises OSError: when there is no answer within `seconds`.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=seconds)
    try:
        connection.putrequest(
            method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True
        )
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        received: dict[str, str] = {}
        for name, value in answer.getheaders():
            known = received.get(name.lower())
            received[name.lower()] = f"{known}, {value}" if known else value
        return Answer(answer.status, received, content)
    finally:
        connection.close()


def require_nginx() -> None:
    """Skip the test on a machine without nginx."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("nginx is missing: apt-get install nginx")


def require_brotli() -> None:
    """Skip the test if nginx has no brotli."""
    if not any(MODULES.glob("*brotli*")):
        pytest.skip(
            "nginx has no brotli: apt-get install "
            "libnginx-mod-http-brotli-filter libnginx-mod-http-brotli-static"
        )
