"""Instances of one deployment: several homes, one database, one vault, the same shares."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from devtools.deployment import Deployment
from devtools.kolibri_process import LOOPBACK_ONLY, WebProcess
from devtools.ports import free_port
from devtools.process import BackgroundProcess
from devtools.share import command_with_share

WSGI_MODULE = "kolibri.deployment.default.wsgi:application"


def another_instance(deployment: Deployment, home: Path, **settings: str) -> Deployment:
    """An instance with its own home; `settings` are added to its environment."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {**deployment.environment, "KOLIBRI_HOME": str(home), **settings}
    return dataclasses.replace(deployment, home=home, environment=environment)


def start_gunicorn(
    instance: Deployment, *options: str, media: Path | None = None, wsgi: str = WSGI_MODULE
) -> WebProcess:
    """Kolibri's stock WSGI module under gunicorn; it initializes nothing."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads=8"]
    # As in the image. Otherwise a request can meet gunicorn closing an idle connection.
    command += ["--graceful-timeout=1", "--keep-alive=0"]
    process = _start(WebProcess, instance, [*command, *options, wsgi], media, log="gunicorn.log")
    process.url = f"http://127.0.0.1:{port}"
    return process


def start_kolibri(instance: Deployment, *, media: Path | None = None) -> WebProcess:
    """``kolibri start``: the web server, and the workers."""
    port, zip_port = free_port(), free_port()
    command = [sys.executable, "-m", "kolibri", "start", "--foreground"]
    command += [f"--port={port}", f"--zip-port={zip_port}"]
    process = _start(WebProcess, instance, command, media, log="start.log")
    process.url = f"http://127.0.0.1:{port}"
    process.zip_url = f"http://127.0.0.1:{zip_port}"
    return process


def start_services(instance: Deployment, *, media: Path | None = None) -> BackgroundProcess:
    """``kolibri services``: the workers alone."""
    command = [sys.executable, "-m", "kolibri", "services", "--foreground"]
    return _start(BackgroundProcess, instance, command, media, log="services.log")


def _start(
    kind: type, instance: Deployment, command: list[str], media: Path | None, *, log: str
) -> WebProcess:
    """`media` is the folder that serves as the media share; None for no share."""
    if media is not None:
        mount_point = instance.home / "media"
        mount_point.mkdir(parents=True, exist_ok=True)
        command = [*command_with_share("bind", mount_point, media), *command]
    process: WebProcess = kind(
        instance.command(*command),
        environment={**LOOPBACK_ONLY, **instance.environment},
        folder=instance.home,
        log_file=instance.home / log,
    )
    return process
