"""Homes of schools with stock Kolibri, old and new, each with facilities, work and a channel."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import kolibri

from devtools.channel.content import CHANNEL_ID
from devtools.channel.drive import make_channel
from devtools.old_kolibri import OldKolibri
from devtools.syncing.school import School, run_steps, step

#: The facility of each home, and the second one.
FACILITY, ANOTHER = "Hill", "Valley"
ADMINISTRATOR = "head"
ADMINISTRATOR_PASSWORD = "password of the head"

#: The oldest release that can move in, and one of each series after it.
OLD_VERSIONS = ("0.15.12", "0.16.2", "0.17.5", "0.18.4")


@dataclass(frozen=True)
class Size:
    """How much a home has."""

    learners: int = 3
    records: int = 300


def make_home(folder: Path, version: str = kolibri.__version__, size: Size = Size()) -> School:
    """A school's server in `folder`, which has been stopped.

    :param version: its Kolibri, which is installed when it is missing.
    """
    here = version == kolibri.__version__
    python = sys.executable if here else OldKolibri.install(version).python
    school = School(folder / ".kolibri", python=python)
    run_steps(
        school,
        step("found", FACILITY, ADMINISTRATOR, ADMINISTRATOR_PASSWORD),
        step("make_records", None, "hill", size.records, size.learners),
        step("plan", FACILITY, "hill"),
        step("found_another", ANOTHER),
        step("plan", ANOTHER, "valley"),
    )
    school.import_channel(CHANNEL_ID, make_channel(folder / "drive"))
    return school
