"""Imports on a site whose content share has an outage in the middle."""

from __future__ import annotations

import hashlib
import os
import time

from devtools import share
from devtools.deadline import wait_until
from devtools.process import BackgroundProcess

#: Files of an import, and seconds of the share's outage in the middle.
FILES = int(os.environ.get("KOLIBRI_AZURE_OUTAGE_FILES", "60"))
SECONDS = float(os.environ.get("KOLIBRI_AZURE_OUTAGE_SECONDS", "12"))

#: Bytes of a file: large enough that a fault hits an import at work.
SIZE = 4 * 2**20

#: Files that have arrived when the fault starts.
FEW = 3


def arrived(site):
    return [path for path in (site.share / "storage").rglob("*.mp4") if path.is_file()]


def assert_every_file_is_right(site):
    files = arrived(site)
    assert len(files) == FILES
    for path in files:
        assert hashlib.md5(path.read_bytes()).hexdigest() == path.stem


def in_the_middle(site):
    wait_until(lambda: len(arrived(site)) >= FEW, "the first files", 60)


def begin(site, *arguments):
    """Start a command in the background."""
    return BackgroundProcess(
        site.kolibri(*arguments),
        environment=site.environment,
        folder=site.home,
        log_file=site.home / "command.log",
    )


def available(site):
    """How many resources learners can open."""
    script = (
        "from kolibri.core.content.models import ContentNode;"
        "print(ContentNode.objects.filter(available=True).exclude(kind='topic').count())"
    )
    return int(site.require("manage", "shell", "-c", script).splitlines()[-1])


def outage(site, fault):
    """Make the share unavailable until the test ends it; returns the files that had arrived."""
    fault(site.share)
    there = len(arrived(site))
    time.sleep(SECONDS)
    share.recover(site.share)
    return there
