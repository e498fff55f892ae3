"""An import continues after an outage of the content share, and reports its wait meanwhile."""

from __future__ import annotations

import pytest

from devtools import share
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.channel.content import many_resources
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import start_kolibri
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri
from tests.fuse import NEEDS_FUSE

from .outages import (
    FILES,
    SECONDS,
    SIZE,
    arrived,
    assert_every_file_is_right,
    available,
    begin,
    in_the_middle,
    outage,
)

pytestmark = [pytest.mark.slow, NEEDS_FUSE]

FAULTS = {"hangs": share.hang, "is dead": share.kill}

#: The states of a task that has ended.
ENDED = ("COMPLETED", "FAILED", "CANCELED")

TASKS = "/api/tasks/tasks/"
PEERS = "/api/discovery/staticnetworklocation/"


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    return make_channel(tmp_path_factory.mktemp("drive"), many_resources(FILES, SIZE))


@pytest.fixture(scope="module")
def peer(tmp_path_factory, drive):
    """A stock Kolibri that provides the channel over the network."""
    kolibri = Kolibri(tmp_path_factory.mktemp("peer"))
    kolibri.provision(username="admin", password="admin-password", preset="nonformal")
    kolibri.import_channel(CHANNEL_ID, drive)
    with kolibri.start() as server:
        server.wait_until_serving()
        yield server


@pytest.fixture
def site(provisioned):
    provisioned.kind = "bind-then-hang"
    yield provisioned
    share.recover(provisioned.share)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_import_from_a_drive_waits_for_the_share_and_ends_whole(fault, site, drive, counts):
    site.require("manage", "importchannel", "disk", CHANNEL_ID, str(drive))

    with begin(site, "manage", "importcontent", "disk", CHANNEL_ID, str(drive)) as command:
        in_the_middle(site)
        there = outage(site, fault)
        assert command.wait_for_exit(120) == 0, command.output

    assert there < FILES
    assert_every_file_is_right(site)
    assert available(site) == FILES
    counts(f"{FILES} files, {SECONDS:g} s without the share after {there} of them: all there")


def test_a_command_reports_the_reason_for_its_wait(site, drive):
    site.require("manage", "importchannel", "disk", CHANNEL_ID, str(drive))

    with begin(site, "manage", "importcontent", "disk", CHANNEL_ID, str(drive)) as command:
        in_the_middle(site)
        share.kill(site.share)
        command.wait_until(lambda: "Imports wait for it" in command.output, "a word", 60)
        share.recover(site.share)
        assert command.wait_for_exit(120) == 0, command.output

    assert "The share works again" in command.output


#: Looks through the content on a signal, so that the share can disappear before that.
SCAN_LATER = """
import time
from pathlib import Path
from django.core.management import call_command
print("ready to scan", flush=True)
while not Path({told!r}).exists():
    time.sleep(0.05)
call_command("scanforcontent")
"""


def test_a_look_through_the_content_takes_nothing_for_lost_that_it_can_not_read(site, drive):
    for command in ("importchannel", "importcontent"):
        site.require("manage", command, "disk", CHANNEL_ID, str(drive))
    told = site.home / "scan"

    with begin(site, "manage", "shell", "-c", SCAN_LATER.format(told=str(told))) as command:
        command.wait_until(lambda: "ready to scan" in command.output, "the command", 60)
        share.kill(site.share)
        told.touch()
        command.wait_until(lambda: "Imports wait for it" in command.output, "a word", 60)
        share.recover(site.share)
        assert command.wait_for_exit(120) == 0, command.output

    assert available(site) == FILES
    assert (site.share / "databases" / f"{CHANNEL_ID}.sqlite3").stat().st_size


class Task:
    """An import that an administrator has started in the browser."""

    def __init__(self, administrator, name, peer):
        self._administrator = administrator
        self._id = administrator.post(
            TASKS,
            {
                "type": f"kolibri.core.content.tasks.{name}",
                "channel_id": CHANNEL_ID,
                "channel_name": CHANNEL_NAME,
                "peer": peer,
            },
        )["id"]

    def shown(self):
        return self._administrator.get(f"{TASKS}{self._id}/")

    def note(self):
        """The text after the channel's name."""
        return self.shown()["extra_metadata"]["channel_name"].partition(CHANNEL_NAME)[2]

    def wait_until_it_is(self, state):
        """Wait until the task has ended, and require this state."""
        ended = wait_until(
            lambda: (shown := self.shown())["status"] in ENDED and shown, f"{state}", 120
        )
        assert ended["status"] == state, ended["traceback"]
        return ended

    def ask_for(self, what):
        self._administrator.post(f"{TASKS}{self._id}/{what}/", {})


@pytest.fixture
def settings():
    """Settings that a test adds."""
    return {}


@pytest.fixture
def administrator(site, settings):
    site.environment |= {
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
        "KOLIBRI_AZURE_CHECK_INTERVAL": "0",
        "KOLIBRI_CHERRYPY_THREAD_POOL": "4",
        **settings,
    }
    site.home.mkdir(exist_ok=True)
    with start_kolibri(site) as server:
        server.wait_until_serving()
        client = KolibriClient(server.url)
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        yield client
        share.recover(site.share)


@pytest.fixture
def task(administrator, peer):
    """An import of the whole channel over the network."""
    known = administrator.post(PEERS, {"base_url": peer.url, "nickname": "peer"})
    return Task(administrator, "remoteimport", known["id"])


def test_a_task_says_that_it_waits_and_completes(task, site):
    in_the_middle(site)

    share.kill(site.share)
    there = len(arrived(site))
    wait_until(task.note, "a note", 60)
    assert task.shown()["status"] == "RUNNING"
    assert task.note() == (f" (waiting. The share at {site.mount_point} does not work.)")
    share.recover(site.share)

    task.wait_until_it_is("COMPLETED")
    assert there < FILES
    assert task.note() == ""
    assert_every_file_is_right(site)
    assert available(site) == FILES


@pytest.fixture
def half_there(site, drive):
    """A file that is on the share before the import. Of another, only the beginning is."""
    whole, damaged = sorted((drive / "content" / "storage").rglob("*.mp4"))[:2]
    paths = [site.share / each.relative_to(drive / "content") for each in (whole, damaged)]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    paths[0].write_bytes(whole.read_bytes())
    paths[1].write_bytes(damaged.read_bytes()[:1000])
    return paths


def test_a_damaged_file_is_fetched_again_and_a_whole_one_is_not(half_there, task, site):
    whole, damaged = half_there
    time_of_whole = whole.stat().st_mtime_ns

    task.wait_until_it_is("COMPLETED")

    assert whole.stat().st_mtime_ns == time_of_whole
    assert_every_file_is_right(site)
    assert {path.suffix for path in damaged.parent.iterdir()} == {".mp4"}, "nothing else is left"
    assert available(site) == FILES


def test_a_task_that_waits_can_be_cancelled(task, site):
    in_the_middle(site)

    share.kill(site.share)
    wait_until(task.note, "a note", 60)
    task.ask_for("cancel")

    task.wait_until_it_is("CANCELED")
    assert task.note() == ""


@pytest.mark.parametrize("settings", [{"KOLIBRI_AZURE_IMPORT_PATIENCE": "3"}])
def test_a_task_that_has_waited_too_long_says_how_to_go_on_and_goes_on(task, site):
    in_the_middle(site)

    share.kill(site.share)
    failed = task.wait_until_it_is("FAILED")
    assert failed["exception"] == "InterruptedImportError"
    assert "an import waits for it, 3 seconds at most" in failed["traceback"]
    assert "it continues where it stopped" in failed["traceback"]
    assert "interrupted" in task.note()

    share.recover(site.share)
    there = set(arrived(site))
    times = {path: path.stat().st_mtime_ns for path in there}
    task.ask_for("restart")
    task.wait_until_it_is("COMPLETED")
    assert task.note() == ""
    assert_every_file_is_right(site)
    assert {path: path.stat().st_mtime_ns for path in there} == times
    assert available(site) == FILES
