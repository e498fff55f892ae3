"""Kolibri's servers on a deployment, and steady load on them."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from devtools.deployment import LEARNER, LEARNER_PASSWORD, Deployment
from devtools.descendants import command_line, descendants
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import LOOPBACK_ONLY, WebProcess
from devtools.ports import free_port
from devtools.process import BackgroundProcess

if TYPE_CHECKING:
    from typing_extensions import Self

APPLICATION = "kolibri.deployment.default.wsgi:application"
ZIP_CONTENT_APPLICATION = "kolibri.deployment.default.alt_wsgi:alt_application"

#: gunicorn's options in the image: two processes that share the memory of a preloaded one.
WORKERS, THREADS = 2, 8
GUNICORN = (
    "--preload", f"--workers={WORKERS}", f"--threads={THREADS}", "--timeout=120", "--keep-alive=75",
)  # fmt: skip


def gunicorn(deployment: Deployment, *options: str) -> WebProcess:
    """Start Kolibri's stock WSGI module under gunicorn, and wait until it answers."""
    port = free_port()
    bind = f"--bind=127.0.0.1:{port}"
    words = (deployment.python, "-m", "gunicorn", *GUNICORN, bind, *options, APPLICATION)
    return _serve(deployment, words, f"http://127.0.0.1:{port}")


def zip_content_server(deployment: Deployment) -> WebProcess:
    """Start Kolibri's WSGI module for interactive content, and wait until it answers."""
    port = free_port()
    options = ("--preload", "--workers=1", "--threads=4", f"--bind=127.0.0.1:{port}")
    words = (deployment.python, "-m", "gunicorn", *options, ZIP_CONTENT_APPLICATION)
    return _serve(deployment, words, f"http://127.0.0.1:{port}")


#: Seconds in which all instances must agree (docs/caches.md), on a busy machine.
AGREED = 10

#: Kolibri answers before it has started everything. If it is told to stop in between, it hangs.
STARTED = "Bus state: RUN"
STARTED_SECONDS = 60


def kolibri_start(deployment: Deployment) -> WebProcess:
    """Run `kolibri start` with its workers, and wait until it has started."""
    port, zip_port = free_port(), free_port()
    words = (deployment.python, "-m", "kolibri", "start", "--foreground")
    ports = (f"--port={port}", f"--zip-port={zip_port}")
    process = _serve(deployment, (*words, *ports), f"http://127.0.0.1:{port}")
    try:
        process.wait_until(lambda: STARTED in process.output, STARTED, STARTED_SECONDS)
    except BaseException:
        process.kill()
        raise
    return process


def workers(deployment: Deployment) -> BackgroundProcess:
    """Run `kolibri manage azure_worker`, without waiting for it."""
    return BackgroundProcess(
        deployment.kolibri("manage", "--skip-update", "azure_worker"),
        environment={**LOOPBACK_ONLY, **deployment.environment},
        folder=deployment.home,
        log_file=deployment.home.parent / "worker.log",
    )


def _serve(deployment: Deployment, words: tuple[str, ...], url: str) -> WebProcess:
    deployment.home.mkdir(exist_ok=True)
    process = WebProcess(
        deployment.command(*words),
        environment={**LOOPBACK_ONLY, **deployment.environment},
        folder=deployment.home,
        log_file=deployment.home.parent / "server.log",
    )
    process.url = url
    try:
        process.wait_until_serving()
    except BaseException:
        process.kill()
        raise
    return process


def signed_in(url: str, name: str = LEARNER, password: str = LEARNER_PASSWORD) -> KolibriClient:
    """A browser session, as seen behind the proxy that terminates TLS."""
    client = KolibriClient(url, forwarded_https=True)
    client.sign_in(name, password)
    return client


def children(pid: int) -> dict[int, str]:
    """A process and its children, with their command lines."""
    return {each: command_line(each) for each in {pid, *descendants(pid)}}


def processes_of_sockets(pid: int, port: int) -> dict[str, list[int]]:
    """For each TCP connection to `port`, its owners among a process and its children."""
    holders: dict[str, list[int]] = {}
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) == port:
                holders[f"socket:[{fields[9]}]"] = []
    for process in children(pid):
        with contextlib.suppress(OSError):  # it may have ended
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(descriptor.readlink())
                    if target in holders:
                        holders[target].append(process)
    return {socket: found for socket, found in holders.items() if found}


class Visitors:
    """Threads that visit a site during a `with` block; each ends soon after `stop` is set."""

    def __init__(self, visits: Iterable[Callable[[], None]]) -> None:
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=visit) for visit in visits]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()


@dataclass
class Load:
    """The results of some learners' requests."""

    succeeded: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


@contextlib.contextmanager
def steady_load(url: str, learners: int) -> Iterator[Load]:
    """Each learner makes one request after the other; all read or write the database."""
    first = signed_in(url)
    clients = [KolibriClient(url, forwarded_https=True) for _ in range(learners)]
    for client in clients:
        client.session.cookies.update(first.session.cookies)
    load, lock = Load(), threading.Lock()

    def learn(client: KolibriClient) -> None:
        while not visitors.stop.is_set():
            for method, path in (
                ("GET", "/api/public/info/"),
                ("PUT", "/api/auth/session/current/"),
                ("GET", "/api/auth/facilityuser/"),
            ):
                begun = time.monotonic()
                failure = _failure(client, method, path)
                with lock:
                    load.slowest = max(load.slowest, time.monotonic() - begun)
                    load.succeeded += not failure
                    load.failures += [failure] if failure else []
            visitors.stop.wait(0.05)

    visitors = Visitors(functools.partial(learn, client) for client in clients)
    with visitors:
        yield load


def _failure(client: KolibriClient, method: str, path: str) -> str:
    """The error of a request; empty when it succeeded."""
    body = {"active": True} if method == "PUT" else None
    try:
        answer = client.request(method, path, json=body)
    except requests.RequestException as error:
        return f"{method} {path}: {error}"
    return "" if answer.ok else f"{method} {path}: {answer.status_code} {answer.text[:200]}"
