"""The container's processes in a machine of the SMB lab, on a PostgreSQL of this machine."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import requests

from devtools.container_processes import ENTRYPOINT, REPOSITORY, search_path
from devtools.deadline import wait_until
from devtools.deployment import SECRET_KEY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_process import KEPT_TO_THIS_MACHINE
from devtools.smb.lab import Lab
from devtools.smb.machine import CONTENT
from devtools.smb.running import Running

PORT = 8080
HOME, RUN, STATIC = "/root/kolibri", "/run/kolibri", "/opt/kolibri/static"

#: User-mode-linux needs ten times as long as a machine.
START_SECONDS = 300


@dataclass(frozen=True)
class Site:
    """A container's processes, and where they listen.

    :param environment: what they were started with, for further commands beside them.
    """

    url: str
    entrypoint: Running
    environment: dict[str, str]

    def is_ready(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/azure/health/ready", timeout=20).ok
        assert self.entrypoint.exit_code is None, self.entrypoint.output[-2000:]
        return False


@contextlib.contextmanager
def site_in_machine(lab: Lab, database_url: str) -> Iterator[Site]:
    """Mode web, without workers and doctor, which would compete for the machine's one processor.

    :param database_url: of a migrated database, as this machine finds it.
    """
    machine = lab.machine
    machine.run(["mkdir", "-p", HOME, STATIC]).check()
    environment = {
        **KEPT_TO_THIS_MACHINE,
        "PATH": search_path(),
        "PYTHONPATH": str(REPOSITORY),
        "PORT": str(PORT),
        "KOLIBRI_LISTEN_ADDRESS": machine.address,
        "KOLIBRI_HOME": HOME,
        "KOLIBRI_CONTAINER_RUN": RUN,
        "KOLIBRI_CONTAINER_STATIC": STATIC,
        "KOLIBRI_NO_FILE_BASED_LOGGING": "1",
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_DATABASE_URL": _through_the_network(lab, database_url),
        "KOLIBRI_SECRET_KEY": SECRET_KEY,
        "KOLIBRI_SUPERUSER_PASSWORD": SUPERUSER_PASSWORD,
        "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
        "KOLIBRI_AZURE_CONTENT_MOUNT": CONTENT,
        "KOLIBRI_AZURE_DATABASE_SSL_MODE": "require",
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
        "KOLIBRI_AZURE_WORKERS": "false",
        "KOLIBRI_AZURE_CHECK_INTERVAL": "0",
    }
    with machine.start(["sh", ENTRYPOINT, "web"], env=environment) as running:
        site = Site(f"http://{machine.address}:{PORT}", running, environment)
        try:
            wait_until(site.is_ready, "the site in the machine", START_SECONDS)
            yield site
        finally:
            # Killed alone, it would leave nginx to the next site in the same machine.
            if running.exit_code is None:
                running.signal(signal.SIGTERM)
                running.wait(START_SECONDS)


def _through_the_network(lab: Lab, url: str) -> str:
    """The address of a server of this machine, as the lab's machines find it."""
    parts = urlsplit(url)
    assert parts.port is not None
    account = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{account}@{lab.host}:{lab.lend(parts.port)}"))
