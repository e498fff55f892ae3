"""Instances that record their requests by the minute, and the numbers that they have stored."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import psycopg2

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances.activity import minutes

#: Records minute after minute, as it is told to on standard input.
RECORDER = """
import datetime as dt
import sys
import threading
from pathlib import Path

from kolibri_azure_plugin.instances.activity.presence import of_this_process
from kolibri_azure_plugin.instances.activity.recorder import Recorder
from kolibri_azure_plugin.instances.activity.requests import RequestLog
from kolibri_azure_plugin.database import state_access
from kolibri_azure_plugin.doctor.check_context import CheckContext

name, file = sys.argv[1:]
state_access.PAUSE_SECONDS = 0
ctx = CheckContext()
state = state_access.StateAccess(lambda: ctx.database, "test", "Lost")
own = of_this_process(name, "web", dt.datetime.now(dt.timezone.utc))
recorder = Recorder(state, own, RequestLog(Path(file)), threading.Event())
for line in sys.stdin:
    recorder.record(int(line))
    print("recorded", flush=True)
print("django.db" in sys.modules, flush=True)
"""


@contextlib.contextmanager
def state_of(deployment):
    session = psycopg2.connect(deployment.database_url)
    session.autocommit = True
    with contextlib.closing(session):
        yield State(session)


class Instance:
    """The recorder of one instance, and the file in which its nginx notes requests."""

    def __init__(self, deployment, name):
        # Two processes that start at once would both make these folders, and one would fail.
        (deployment.home / "logs").mkdir(parents=True, exist_ok=True)
        self.file = deployment.home.parent / f"{name}.log"
        self.name = name
        self.minute = int(time.time() // 60) - 10
        command = deployment.command(sys.executable, "-c", RECORDER, name, str(self.file))
        self.process = subprocess.Popen(
            command,
            env=deployment.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self, *statuses):
        """Note a request that was passed on, for each of these statuses."""
        with self.file.open("a") as file:
            for status in statuses:
                line = ("passed", self.minute * 60, status, "GET", "0.010", "-", "/api/lesson/1/")
                file.write("\t".join(map(str, line)) + "\n")

    def end_minute(self):
        self.minute += 1
        print(self.minute, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "recorded\n"

    def end(self):
        """Whether it has loaded Django's models."""
        output, _ = self.process.communicate()
        return output.strip() == "True"


def passed(state, name):
    """Requests and errors of each minute."""
    read = [each.value for each in minutes.read(state) if each.source == name]
    return [(value["passed"], value["passed_errors"]) for value in read]
