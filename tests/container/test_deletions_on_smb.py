"""A channel is deleted while visitors read it, and imported again, with the kernel's SMB client."""

from __future__ import annotations

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
from tests.smb_lab import BY_ITSELF

from .fronts import need_nginx
from .in_machine import Site, site_in_machine

pytestmark = [pytest.mark.slow, pytest.mark.smb, BY_ITSELF]

PATIENCE = 900

IMPORT = f"""
call_command("importchannel", "disk", {CHANNEL_ID!r}, "{SHARED}/drive/KOLIBRI_DATA")
call_command("importcontent", "disk", {CHANNEL_ID!r}, "{SHARED}/drive/KOLIBRI_DATA")
"""

#: Keeps files open, as a web server does for those who read slowly.
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
    need_nginx()
    for path in smb_lab.content.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with site_in_machine(smb_lab, provisioned.database_url) as site:
        yield site


def shell(lab: Lab, site: Site, *steps: str) -> None:
    script = "from django.core.management import call_command" + "".join(steps)
    command = [sys.executable, "-m", "kolibri", "manage", "--skip-update", "shell", "-c", script]
    lab.machine.run(command, env=site.environment, timeout=PATIENCE).check()


def files_below(folder: Path) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    )


def test_what_is_deleted_while_it_is_read_is_whole_when_it_is_imported_again(
    smb_lab: Lab, site: Site, drive: Path
):
    shell(smb_lab, site, IMPORT)
    names = files_below(smb_lab.content)
    paths = [f"{CONTENT}/{name}" for name in names]
    with smb_lab.machine.start([sys.executable, "-c", READ, *paths]) as readers:
        wait_until(lambda: readers.output, "the files to be read", PATIENCE)
        shell(smb_lab, site, DELETE, IMPORT)
        readers.kill()

    assert files_below(smb_lab.content) == names
    for name in names:
        answer = requests.get(f"{site.url}/content/{name}", timeout=PATIENCE)
        assert answer.status_code == 200, name
        assert answer.content == (drive / "content" / name).read_bytes()
