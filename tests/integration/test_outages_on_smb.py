"""An import continues after an outage of a real SMB share, and every file is correct."""

from __future__ import annotations

import hashlib
import os
import sys
import time

import pytest

from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import many_resources
from devtools.deadline import wait_until
from devtools.smb.machine import CONTENT, REPOSITORY, SHARED
from tests.long_forms import each_or
from tests.smb_lab import RUNS_ALONE

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE]

#: `make smb` has 300 files, and 30 seconds.
FILES = int(os.environ.get("KOLIBRI_AZURE_OUTAGE_FILES", "60"))
SECONDS = float(os.environ.get("KOLIBRI_AZURE_OUTAGE_SECONDS", "12"))
SIZE = 2**18

#: Files that have arrived when the fault starts.
FEW = 3

#: Seconds for a virtual machine on a busy machine.
PATIENCE = 900

FAULTS = {
    "stopped": lambda server: server.pause(),
    "killed": lambda server: server.kill(),
    "unplugged": lambda server: server.unplug(),
}


@pytest.fixture(scope="module")
def drive(smb_lab):
    make_channel(smb_lab.shared / "drive", many_resources(FILES, SIZE))
    return f"{SHARED}/drive/KOLIBRI_DATA"


@pytest.fixture
def kolibri(healthy_lab, ready_fleet):
    """Start a Kolibri command in the machine."""
    lab = healthy_lab
    port = lab.forward_port(ready_fleet.postgres.port)
    there = f"@localhost:{ready_fleet.postgres.port}/"
    environment = {
        **ready_fleet.environment(),
        "PYTHONPATH": str(REPOSITORY),
        "KOLIBRI_HOME": f"/root/{ready_fleet.database}",
        "KOLIBRI_DATABASE_URL": ready_fleet.url().replace(there, f"@{lab.host}:{port}/"),
        "KOLIBRI_AZURE_DATABASE_SSL_MODE": "require",
        "KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT": "",
        "KOLIBRI_AZURE_DEPLOYMENT": "production",
        "KOLIBRI_AZURE_CONTENT_MOUNT": CONTENT,
    }

    def begin(*arguments):
        return lab.machine.start([sys.executable, "-m", "kolibri", *arguments], env=environment)

    return begin


@pytest.fixture
def lab(healthy_lab):
    """The lab with an empty share."""
    for path in sorted(healthy_lab.content.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return healthy_lab


def arrived(lab):
    return list((lab.content / "storage").rglob("*.mp4"))


@pytest.mark.parametrize("fault", each_or(list(FAULTS), "killed"))
def test_an_import_goes_on_after_the_server_was(fault, lab, drive, kolibri, counts):
    with kolibri("manage", "importchannel", "disk", CHANNEL_ID, drive) as command:
        assert command.wait(PATIENCE) == 0, command.output

    with kolibri("manage", "importcontent", "disk", CHANNEL_ID, drive) as command:
        wait_until(lambda: len(arrived(lab)) >= FEW, "the first files", PATIENCE)
        FAULTS[fault](lab.server)
        there = len(arrived(lab))
        time.sleep(SECONDS)
        lab.heal()
        back = time.monotonic()
        assert command.wait(PATIENCE) == 0, command.output
        took = time.monotonic() - back

    files = arrived(lab)
    wrong = [path for path in files if hashlib.md5(path.read_bytes()).hexdigest() != path.stem]
    counts(
        f"server {fault} {SECONDS:g} s after {there} of {FILES} files: {len(files)} there, "
        f"{len(wrong)} wrong, done {took:.0f} s after it was back; "
        f"{command.output.count('Repeating a failed step')} files were tried again"
    )
    assert there < FILES
    assert len(files) == FILES
    assert not wrong
    assert not list(lab.content.rglob("*.transfer"))
