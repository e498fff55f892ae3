"""Servers that the tests of the container share."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.channel import make_channel
from devtools.kolibri_process import Kolibri

from .fronts import ZIPCONTENT, require_nginx, start_front, start_gunicorn
from .running import *  # noqa: F403
from .ssh import start as start_shell

STATIC = """
import sys
from pathlib import Path
from kolibri_azure_plugin.container import static_files
static_files.set_up_django(sys.argv[2])
static_files.link(Path(sys.argv[1]))
"""


@dataclasses.dataclass(frozen=True)
class Site:
    """nginx in front of a real Kolibri, and that Kolibri without nginx.

    :param front: the address of nginx.
    :param kolibri: the address of Kolibri's own server for the site.
    :param zipcontent: the address of its server for zip content.
    :param content: Kolibri's content folder.
    """

    front: str
    kolibri: str
    zipcontent: str
    content: Path


#: Settings of the image, whose build has no database and no secrets.
OF_THE_IMAGE = {
    "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
    "KOLIBRI_DATABASE_ENGINE": "postgres",
}


@pytest.fixture(scope="session")
def static(tmp_path_factory, repository):
    """Kolibri's static files, laid out for nginx, without the slow brotli."""
    folder = tmp_path_factory.mktemp("static")
    subprocess.run(
        [sys.executable, "-c", STATIC, str(folder), str(tmp_path_factory.mktemp("home"))],
        check=True,
        cwd=repository,
        env={**os.environ, **OF_THE_IMAGE},
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory, static):
    """A Kolibri without the plugin, whose file responses nginx must match."""
    require_nginx()
    folder = tmp_path_factory.mktemp("site")
    kolibri = Kolibri(folder / "home")
    kolibri.provision(username="admin", password="admin-password", preset="formal")
    content = folder / "home" / "content"
    channel = make_channel(tmp_path_factory.mktemp("channel")) / "content"
    shutil.copytree(channel, content, dirs_exist_ok=True)
    applications = {
        "app.sock": "kolibri.deployment.default.wsgi:application",
        "zipcontent.sock": "kolibri.deployment.default.alt_wsgi:alt_application",
    }
    servers = [
        start_gunicorn(folder, application, name, environment=kolibri.environment)
        for name, application in applications.items()
    ]
    front = start_front(folder, static=static, content=content, zipcontent_host=ZIPCONTENT)
    yield Site(front.url, servers[0].url, servers[1].url, content)
    for process in (front, *servers):
        process.kill()


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory):
    """The server of the portal's shell."""
    with start_shell(tmp_path_factory.mktemp("shell")) as server:
        yield server


@pytest.fixture
def private_ssh_server(tmp_path):
    """A server that a test may exhaust or end."""
    with start_shell(tmp_path) as server:
        yield server
