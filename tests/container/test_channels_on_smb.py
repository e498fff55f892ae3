"""A channel's database is replaced while schools download it, with the kernel's own SMB client.

`make smb` runs the long form.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from devtools.channel import CHANNEL_ID, make_channel
from devtools.deadline import wait_until
from devtools.smb.lab import Lab
from devtools.smb.machine import SHARED, Machine
from devtools.smb.running import Running
from kolibri_azure_plugin.content.replacing import original_name
from tests.smb_lab import RUNS_ALONE

from .fronts import require_nginx
from .in_machine import Site, site_in_machine

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE]

UPDATES = int(os.environ.get("KOLIBRI_AZURE_CHANNEL_UPDATES", "2"))

#: Bytes of a database, more than the buffers on the way hold, and of each step of a slow client,
#: which pauses between two.
SIZE = 8 * 2**20
STEP = 2**18
PAUSE = 0.5
SLOW = 3

#: Seconds between two requests of the quick client. With none, it would take all that the machine
#: can do, and the share would be taken for one that hangs.
QUICK_PAUSE = 0.2

#: Seconds for a virtual machine on a busy machine.
PATIENCE = 900

DATABASE = f"{CHANNEL_ID}.sqlite3"
URL = f"/content/databases/{DATABASE}"

IMPORTS = """
import sys
from django.core.management import call_command
for version in range({first}, {last} + 1):
    call_command("importchannel", "disk", {channel!r}, f"{shared}/{{version}}/KOLIBRI_DATA")
    print(f"VERSION {{version}} is imported", flush=True)
"""

#: Python reports each rename before making it; this is the new file's.
DIE_BETWEEN = """
import os, signal, sys
def die(event, arguments):
    if event == "os.rename" and str(arguments[0]).endswith(".sqlite3.transfer"):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
"""

CLEAN = """
from kolibri_azure_plugin.housekeeping import leftovers, rounds
print("REMOVED", rounds.clean([("files", leftovers.remove_leftovers)])["files"])
"""


@dataclasses.dataclass
class Downloads:
    """The answers to clients.

    :param statuses: the count of each status.
    :param digests: the digests of the whole databases received.
    """

    statuses: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    digests: list[str] = dataclasses.field(default_factory=list)
    broken: list[str] = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module")
def digests(smb_lab: Lab) -> dict[int, str]:
    """The digest of each version of the channel, stored where the machine finds them."""
    return {version: make_version(smb_lab.shared, version) for version in range(1, UPDATES + 3)}


def make_version(folder: Path, version: int) -> str:
    data = make_channel(folder / str(version))
    path = data / "content" / "databases" / DATABASE
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE content_channelmetadata SET version = ?", (version,))
        connection.execute("CREATE TABLE filler (bytes BLOB)")
        connection.execute("INSERT INTO filler VALUES (randomblob(?))", (SIZE,))
    return digest_of(path)


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def site(smb_lab: Lab, provisioned, digests: dict[int, str]) -> Iterator[Site]:
    require_nginx()
    for path in smb_lab.content.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with site_in_machine(smb_lab, provisioned.database_url) as site:
        shell(smb_lab, site, IMPORTS, first=1, last=1)
        yield site


def begin_shell(machine: Machine, site: Site, *scripts: str, **values: object) -> Running:
    [*before, last] = scripts
    script = "".join(before) + last.format(channel=CHANNEL_ID, shared=SHARED, **values)
    command = [sys.executable, "-m", "kolibri", "manage", "--skip-update", "shell", "-c", script]
    return machine.start(command, env=site.environment)


def shell(lab: Lab, site: Site, *scripts: str, code: int = 0, **values: object) -> str:
    with begin_shell(lab.machine, site, *scripts, **values) as command:
        assert command.wait(PATIENCE) == code, command.output
        return command.output


@contextlib.contextmanager
def schools_download(url: str) -> Iterator[Downloads]:
    """Slow clients repeatedly download it all; a quick one repeatedly requests its beginning."""
    downloads, over = Downloads(), threading.Event()

    def slowly():
        while not over.is_set():
            with requests.get(url, stream=True, timeout=PATIENCE) as answer:
                downloads.statuses[answer.status_code] += 1
                digest = hashlib.sha256()
                try:
                    for block in answer.iter_content(STEP):
                        digest.update(block)
                        over.wait(PAUSE)
                except requests.RequestException as error:
                    downloads.broken.append(str(error))
                downloads.digests.append(digest.hexdigest())

    def quickly():
        while not over.is_set():
            answer = requests.get(url, headers={"Range": "bytes=0-99"}, timeout=PATIENCE)
            downloads.statuses[answer.status_code] += 1
            over.wait(QUICK_PAUSE)

    threads = [threading.Thread(target=slowly) for _ in range(SLOW)]
    threads.append(threading.Thread(target=quickly))
    for thread in threads:
        thread.start()
    try:
        yield downloads
    finally:
        over.set()
        for thread in threads:
            thread.join()


def databases(lab: Lab) -> list[str]:
    return sorted(os.listdir(lab.content / "databases"))


def test_a_channel_is_updated_again_and_again_while_schools_download_its_database(
    smb_lab: Lab, site: Site, digests: dict[int, str], counts: Callable[[str], None]
):
    last = 1 + UPDATES
    with schools_download(site.url + URL) as downloads:
        wait_until(lambda: downloads.statuses[200] >= SLOW, "the slow ones to begin", PATIENCE)
        began = time.monotonic()
        output = shell(smb_lab, site, IMPORTS, first=2, last=last)
        took = time.monotonic() - began
    # Not in the script, because Kolibri's log quotes the script.
    succeeded = len(re.findall(r"VERSION \d+ is imported", output))
    set_aside = [name for name in databases(smb_lab) if original_name(name) == DATABASE]
    shell(smb_lab, site, CLEAN)

    counts(
        f"{succeeded} of {UPDATES} updates in {took:.0f} s, {len(downloads.digests)} downloads by "
        f"{SLOW} slow clients; answers: {dict(downloads.statuses)}; "
        f"set aside: {len(set_aside)}, after cleaning: {len(databases(smb_lab)) - 1}"
    )
    assert succeeded == UPDATES
    assert set(downloads.statuses) <= {200, 206}, site.entrypoint.output[-4000:]
    assert not downloads.broken
    assert set(downloads.digests) <= set(digests.values())
    assert databases(smb_lab) == [DATABASE]
    assert digest_of(smb_lab.content / "databases" / DATABASE) == digests[last]


def test_two_instances_update_a_channel_at_once_while_schools_download_its_database(
    smb_lab: Lab, site: Site, digests: dict[int, str], counts: Callable[[str], None]
):
    last = 1 + UPDATES
    machines = [smb_lab.machine, smb_lab.add_machine()]
    with schools_download(site.url + URL) as downloads, contextlib.ExitStack() as stack:
        wait_until(lambda: downloads.statuses[200] >= SLOW, "the slow ones to begin", PATIENCE)
        imports = [
            stack.enter_context(begin_shell(machine, site, IMPORTS, first=2, last=last))
            for machine in machines
        ]
        for each in imports:
            assert each.wait(PATIENCE) == 0, each.output
    shell(smb_lab, site, CLEAN)

    counts(f"answers to downloads: {dict(downloads.statuses)}; broken: {len(downloads.broken)}")
    assert set(downloads.statuses) <= {200, 206}, site.entrypoint.output[-4000:]
    assert not downloads.broken
    assert set(downloads.digests) <= set(digests.values())
    assert databases(smb_lab) == [DATABASE]
    assert digest_of(smb_lab.content / "databases" / DATABASE) == digests[last]


def test_between_a_kill_and_the_next_cleaning_the_old_database_is_served(
    smb_lab: Lab, site: Site, digests: dict[int, str]
):
    url = site.url + URL
    killed = -signal.SIGKILL
    shell(smb_lab, site, DIE_BETWEEN, IMPORTS, first=2, last=2, code=killed)
    assert DATABASE not in databases(smb_lab)

    whole = requests.get(url, timeout=PATIENCE)
    part = requests.get(url, headers={"Range": "bytes=0-99"}, timeout=PATIENCE)

    assert (whole.status_code, part.status_code) == (200, 206)
    assert hashlib.sha256(whole.content).hexdigest() == digests[1]
    assert part.content == whole.content[:100]

    shell(smb_lab, site, CLEAN)
    assert databases(smb_lab) == [DATABASE, f"{DATABASE}.transfer"]
    assert digest_of(smb_lab.content / "databases" / DATABASE) == digests[1]
    assert requests.get(url, timeout=PATIENCE).content == whole.content
    shell(smb_lab, site, IMPORTS, first=2, last=2)
    shell(smb_lab, site, CLEAN)
    assert databases(smb_lab) == [DATABASE]
    assert requests.get(url, timeout=PATIENCE).content != whole.content
