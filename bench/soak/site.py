"""The deployment under test: two instances with all their long-lived processes."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.performance.school import LEARNERS, PASSWORD, SEED_SCRIPT
from bench.soak.proxy import start_proxy
from devtools.certificates import CertificateAuthority
from devtools.channel import CHANNEL_ID, make_channel
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.descendants import descendants
from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from devtools.postgres import PostgresServer
from devtools.process import BackgroundProcess
from devtools.syncing.cloud import BACKGROUND_ENVIRONMENT, SYNC_EXTRAS

DATABASE, USER, DATABASE_PASSWORD = "soak", "kolibri", "a-password"
INSTANCES = ("first", "second")

#: gunicorn's options in the image, except that no worker process is replaced during the soak.
GUNICORN = ("--preload", "--workers=2", "--threads=8", "--timeout=300", "--keep-alive=75")

FACTS = """
import json
from kolibri.core.auth.models import Classroom, Facility
from kolibri.core.lessons.models import Lesson
print("FACTS", json.dumps({
    "facility": Facility.get_default_facility().id,
    "classroom": Classroom.objects.get().id,
    "lesson": Lesson.objects.get().id,
}))
"""


@dataclass(frozen=True)
class Site:
    """A running deployment.

    :param url: the address of the proxy in front of both instances.
    :param facts: the ids of the facility, classroom and lesson.
    """

    fleet: Fleet
    url: str
    facts: Mapping[str, str]
    roots: Mapping[str, BackgroundProcess]

    def processes(self) -> dict[str, int]:
        """The long-lived processes, by name."""
        found = {}
        for name, root in self.roots.items():
            found[name] = root.pid
            below = sorted(descendants(root.pid)) if "gunicorn" in name else []
            found.update({f"{name} {number}": pid for number, pid in enumerate(below, start=1)})
        return found

    def rows(self, statement: str) -> list[Any]:
        """Return the rows of a query."""
        return self.fleet.postgres.execute(statement, database=self.fleet.database)

    def shell(self, script: str) -> str:
        """Run Python code in the first instance; return what it prints."""
        command = ("manage", "--skip-update", "shell", "-c", script)
        return self.fleet.instance(INSTANCES[0]).succeed(*command, seconds=600).stdout


@contextlib.contextmanager
def own_fleet(folder: Path) -> Iterator[Fleet]:
    """Instances with their own PostgreSQL, set up, with all data in `folder`."""
    authority = CertificateAuthority.create(folder / "authority")
    with PostgresServer.create(folder / "postgres", authority, durable=True) as postgres:
        fleet = Fleet(folder, postgres, authority, DATABASE, USER, DATABASE_PASSWORD)
        if not postgres.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)):
            postgres.create_role(USER, DATABASE_PASSWORD)
            postgres.create_database(DATABASE, owner=USER)
            fleet.instance(INSTANCES[0]).provision(
                username=SUPERUSER, password=SUPERUSER_PASSWORD, preset="nonformal"
            )
        yield fleet


@contextlib.contextmanager
def running_site(fleet: Fleet) -> Iterator[Site]:
    """Two instances of a fleet, with a class and its lesson, created if absent."""
    fleet.plugins = (SYNC_EXTRAS,)
    fleet.settings.update(
        {
            **BACKGROUND_ENVIRONMENT,
            "KOLIBRI_CONTENT_DIR": str(fleet.folder / "content"),
            # The proxy speaks plain HTTP.
            "KOLIBRI_AZURE_HTTPS_PROXY": "false",
        }
    )
    facts = _facts(fleet)
    with contextlib.ExitStack() as stack:
        roots: dict[str, BackgroundProcess] = {}
        servers = []
        for name in INSTANCES:
            instance = fleet.instance(name)
            _share_media(instance.home, fleet.folder / "media")
            server = stack.enter_context(instance.gunicorn(*GUNICORN))
            servers.append(server)
            roots[f"{name}: gunicorn"] = server
            worker = ("manage", "--skip-update", "azure_worker")
            roots[f"{name}: worker"] = stack.enter_context(instance.begin(*worker))
            roots[f"{name}: doctor"] = stack.enter_context(_doctor(instance))
        for server in servers:
            server.wait_until_serving()
        urls = [server.url for server in servers]
        proxy = stack.enter_context(start_proxy(fleet.folder / "proxy", urls))
        proxy.wait_until_serving()
        yield Site(fleet, proxy.url, facts, roots)


def _facts(fleet: Fleet) -> dict[str, str]:
    """Return the ids of the class and its lesson, created if absent."""
    file = fleet.folder / "facts.json"
    if not file.exists():
        first = fleet.instance(INSTANCES[0])
        first.import_channel(CHANNEL_ID, make_channel(fleet.folder / "channel"))
        seed_data = SEED_SCRIPT.format(teacher=SUPERUSER, learners=LEARNERS, password=PASSWORD)
        told = first.succeed("manage", "shell", "-c", seed_data + FACTS).stdout
        file.write_text(told.split("FACTS ")[1])
    return dict(json.loads(file.read_text()))


def _share_media(home: Path, folder: Path) -> None:
    """Link the media folder, so that one instance can process the other's uploads."""
    folder.mkdir(exist_ok=True)
    media = home / "media"
    if not media.is_symlink():
        shutil.rmtree(media, ignore_errors=True)
        media.symlink_to(folder)


def _doctor(instance: Kolibri) -> BackgroundProcess:
    return BackgroundProcess(
        [sys.executable, "-m", "kolibri_azure_plugin.doctor.rounds"],
        environment=instance.environment,
        folder=instance.home,
        log_file=instance.home / "doctor.log",
    )
