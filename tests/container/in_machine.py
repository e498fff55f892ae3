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
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.smb.lab import Lab
from devtools.smb.machine import CONTENT
from devtools.smb.running import Running

PORT = 8080
HOME, RUN, STATIC = "/root/kolibri", "/run/kolibri", "/opt/kolibri/static"

#: User-mode Linux is ten times slower than a machine.
START_SECONDS = 300


@dataclass(frozen=True)
class Site:
    """A container's processes, and their addresses.

    :param environment: their environment, for further commands in the same container.
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
    """Mode web, without workers and doctor, as the machine has only one processor.

    :param database_url: the URL of a migrated database, as seen from this machine.
    """
    machine = lab.machine
    machine.run(["mkdir", "-p", HOME, STATIC]).check()
    environment = {
        **LOOPBACK_ONLY,
        "PATH": search_path(),
        "PYTHONPATH": str(REPOSITORY),
        "PORT": str(PORT),
        "KOLIBRI_LISTEN_ADDRESS": machine.address,
        "KOLIBRI_HOME": HOME,
        "KOLIBRI_CONTAINER_RUN": RUN,
        "KOLIBRI_CONTAINER_STATIC": STATIC,
        "KOLIBRI_NO_FILE_BASED_LOGGING": "1",
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_DATABASE_URL": _forwarded_url(lab, database_url),
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
            # Killed alone, it would leave nginx running for the next site in the same machine.
            if running.exit_code is None:
                running.signal(signal.SIGTERM)
                running.wait(START_SECONDS)


def _forwarded_url(lab: Lab, url: str) -> str:
    """The address of a server on this machine, as seen from the lab's machines."""
    parts = urlsplit(url)
    assert parts.port is not None
    account = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{account}@{lab.host}:{lab.forward_port(parts.port)}"))
