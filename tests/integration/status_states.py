"""States that the status page shows: those of the doctor's golden files, and a failed job."""

from __future__ import annotations

import json

from .golden import FOLDER

PROBLEMS = ("warn", "fail")

AILMENTS = sorted(path.stem for path in FOLDER.glob("azure.*.json"))

FAILED_JOB = {
    "function": "kolibri.core.content.tasks.remoteimport",
    "message": "requests.exceptions.ConnectionError: Kolibri Studio does not answer",
    "channel_name": "Kolibri QA Channel",
}

#: A round of the doctor at once, and others on request.
ROUNDS = """
from kolibri_azure_plugin.doctor import rounds
rounds.FIRST_SECONDS = 0.1
rounds.main([])
"""


def checks_of(name):
    """The outcomes in a golden file of the doctor."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["checks"]


WELL = checks_of("all-pass")


def ailing(*names):
    """The outcomes of a deployment with these ailments, and the problems among them."""
    problems = {
        each["id"]: each for name in names for each in checks_of(name) if each["status"] in PROBLEMS
    }
    return [problems.get(each["id"], each) for each in WELL], list(problems.values())
