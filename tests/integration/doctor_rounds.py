"""Two instances whose doctors examine them in rounds."""

from __future__ import annotations

import contextlib
import json
import sys
import time

import psycopg2

from devtools import share
from devtools.descendants import children, command_line
from devtools.instances import another_instance
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.instances.activity import presence
from tests.fuse import require_fuse

DAY = 24 * 3600

#: Seconds for a round on a busy machine.
PLENTY = 300

#: The first round does not wait for a start to finish; later ones run only on request.
WHEN_ASKED = """
from kolibri_azure_plugin.doctor import rounds
rounds.FIRST_SECONDS = 0.1
rounds.main([])
"""

#: The same, with a doctor that ends without a report.
BREAKING = f"import sys; {WHEN_ASKED}".replace(
    "rounds.main",
    "from kolibri_azure_plugin.doctor import examination as e; "
    "e.COMMAND = (sys.executable, '-c', 'raise SystemExit(\"out of order\")'); rounds.main",
)

MOUNT, ACCESS, EXPIRY = "azure.content.mount", "azure.content.access", "azure.vault.expiry"


class Runner(BackgroundProcess):
    """The rounds of one instance."""

    def lines(self, check=None, **fields):
        """The doctor's log lines, those of a check or with these fields."""
        fields = {**fields, **({"check": check} if check else {})}
        found = []
        for line in self.output.splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                is_outcome = event["logger"] == "kolibri_azure_plugin.doctor"
                if is_outcome and fields.items() <= event.items():
                    found.append(event)
        return found

    def doctors(self):
        """The processes of its doctors. A child that was just forked still has our name."""
        return [
            pid
            for pid in children(self.pid)
            if " -m kolibri_azure_plugin.doctor " in command_line(pid)
        ]


class Pair:
    """Two instances of one deployment, each with its own mount of the share."""

    def __init__(self, deployment, azure, postgres):
        self.deployment, self.azure, self.postgres = deployment, azure, postgres
        folder = deployment.home.parent
        deployment.environment["KOLIBRI_AZURE_LOG_FORMAT"] = "json"
        self.instances = {
            name: another_instance(deployment, folder / name, WEBSITE_INSTANCE_ID=name)
            for name in ("first", "second")
        }
        self.instances["first"].kind = "bind-then-hang"
        self.begun = []

    def begin(self, name, *words, **settings):
        instance = self.instances[name]
        runner = Runner(
            instance.command(sys.executable, *words),
            environment={**instance.environment, **settings},
            folder=instance.home,
            log_file=instance.home.parent / f"{name}.log",
        )
        self.begun.append(runner)
        return runner

    def every(self, seconds):
        """Run rounds on both at this interval."""
        words = ("-m", "kolibri_azure_plugin.doctor.rounds")
        setting = {"KOLIBRI_AZURE_CHECK_INTERVAL": str(seconds)}
        return [self.begin(name, *words, **setting) for name in self.instances]

    def when_asked(self):
        """Run a round on both now, and another on request."""
        return [self.begin(name, "-c", WHEN_ASKED) for name in self.instances]

    @contextlib.contextmanager
    def state(self):
        session = psycopg2.connect(self.deployment.database_url)
        session.autocommit = True
        with contextlib.closing(session):
            yield State(session)

    def ask(self):
        with self.state() as state:
            return stored_reports.ask(state)

    def reports(self):
        """The stored reports, by instance; the deployment's has an empty name."""
        with self.state() as state:
            documents = [kept.document for kept in stored_reports.read(state)]
        return {
            "" if document["scope"] == "deployment" else document["instance"]: document
            for document in documents
        }

    def instances_there(self):
        with self.state() as state:
            return [each.instance for each in presence.read(state)]

    def kept(self, name, check):
        """The status of a check in a stored report."""
        report = self.reports().get(name, {"checks": []})
        return next((entry["status"] for entry in report["checks"] if entry["id"] == check), None)

    def plant(self):
        """A fault of the first instance, whose share hangs, and one of the deployment."""
        require_fuse()
        share.hang(self.deployment.share)
        self.azure.set_secret(
            "kolibri-database-url", self.deployment.database_url, expires=time.time() + 10.5 * DAY
        )


@contextlib.contextmanager
def begin_pair(deployment, azure, postgres):
    """Two such instances. At the end, their share answers again, and their rounds stop."""
    made = Pair(deployment, azure, postgres)
    yield made
    share.recover(deployment.share)
    for runner in made.begun:
        runner.stop()
