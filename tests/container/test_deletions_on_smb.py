"""A channel is deleted during reads, and imported again, with the kernel's SMB client."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest
import requests

from devtools.channel import CHANNEL_ID, make_channel
from devtools.deadline import wait_until
from devtools.smb.lab import Lab
from devtools.smb.machine import CONTENT, SHARED
from tests.smb_lab import RUNS_ALONE

from .fronts import require_nginx
from .in_machine import Site, site_in_machine

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE]

PATIENCE = 900
#: Seconds until the client has closed the files of a killed program, and the server removed them.
CLOSING = 60

IMPORT = f"""
call_command("importchannel", "disk", {CHANNEL_ID!r}, "{SHARED}/drive/KOLIBRI_DATA")
call_command("importcontent", "disk", {CHANNEL_ID!r}, "{SHARED}/drive/KOLIBRI_DATA")
"""

#: Keeps files open, as a web server does for slow clients.
READ = """
import sys, time
files = [open(path, "rb") for path in sys.argv[1:]]
print([len(file.read(10)) for file in files], flush=True)
time.sleep(3600)
"""

DELETE = f"""
call_command("deletechannel", {CHANNEL_ID!r})
"""


@pytest.fixture
def drive(smb_lab: Lab) -> Path:
    return make_channel(smb_lab.shared / "drive")


@pytest.fixture
def site(smb_lab: Lab, provisioned, drive: Path):
    require_nginx()
    for path in smb_lab.content.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with site_in_machine(smb_lab, provisioned.database_url) as site:
        yield site


def shell(lab: Lab, site: Site, *steps: str) -> None:
    script = "from django.core.management import call_command" + "".join(steps)
    command = [sys.executable, "-m", "kolibri", "manage", "--skip-update", "shell", "-c", script]
    lab.machine.run(command, env=site.environment, timeout=PATIENCE).check()


def content_files(folder: Path) -> list[str]:
    """The channel's files. The health probe's files come and go meanwhile."""
    return sorted(
        os.path.relpath(os.path.join(place, name), folder)
        for below in ("databases", "storage")
        for place, _, names in os.walk(folder / below)
        for name in names
    )


def test_a_file_deleted_during_a_read_is_complete_after_another_import(
    smb_lab: Lab, site: Site, drive: Path
):
    shell(smb_lab, site, IMPORT)
    names = content_files(smb_lab.content)
    paths = [f"{CONTENT}/{name}" for name in names]
    with smb_lab.machine.start([sys.executable, "-c", READ, *paths]) as readers:
        wait_until(lambda: readers.output, "the files to be read", PATIENCE)
        shell(smb_lab, site, DELETE, IMPORT)
        readers.kill()
        readers.wait(PATIENCE)

    with contextlib.suppress(TimeoutError):
        wait_until(lambda: content_files(smb_lab.content) == names, "the files to go", CLOSING)
    assert content_files(smb_lab.content) == names
    for name in names:
        answer = requests.get(f"{site.url}/content/{name}", timeout=PATIENCE)
        assert answer.status_code == 200, name
        assert answer.content == (drive / "content" / name).read_bytes()
