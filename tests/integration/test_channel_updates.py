"""A channel's database is replaced completely or stays, after a kill, cancellation or refusal."""

from __future__ import annotations

import signal

import pytest

from devtools.channel import CHANNEL_ID, make_channel
from kolibri_azure_plugin.content import replacing

from .channel_files import change, newer
from .channel_updates import (
    AS_ON_SMB,
    backdate,
    clean,
    import_first_version,
    others,
    shell,
    version,
)

pytestmark = pytest.mark.slow

#: Python reports each change of the folder just before making it.
DIE = """
steps = 0
def count(event, arguments):
    global steps
    if event == "os.rename" and "/databases/" in str(arguments[0]):
        steps += 1
        if steps == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
"""

IMPORT = """
from django.core.management import call_command
call_command("importchannel", "disk", {channel!r}, {folder!r})
"""

#: A Kolibri task that is cancelled while PostgreSQL receives the new database.
CANCELLED = """
from kolibri.core.content.utils import channel_import, channel_transfer
from kolibri.core.tasks.exceptions import UserCancelledError
from kolibri.core.tasks.job import Job
from kolibri.core.tasks.main import job_storage
from kolibri.core.tasks.utils import current_state_tracker
from kolibri.core.content.tasks import diskchannelimport
job_id = job_storage.enqueue_job(Job(diskchannelimport, cancellable=True), queue="not-worked-off")
job = current_state_tracker.job = job_storage.get_job(job_id)
job.storage = job_storage
ask, calls = job.is_cancelled, 0
def asked():
    global calls
    calls += 1
    if calls == {calls}:
        job_storage.mark_job_as_canceling(job_id)
    return ask()
job.is_cancelled = asked
try:
    channel_transfer.transfer_channel({channel!r}, "copy", source_path={folder!r})
except UserCancelledError:
    print("it was cancelled")
print("CALLS", calls)
"""


def in_postgresql(fleet):
    rows = fleet.postgres.execute(
        "SELECT version FROM content_channelmetadata WHERE id = %s",
        (CHANNEL_ID,),
        database=fleet.database,
    )
    return rows[0][0] if rows else None


@pytest.fixture
def kolibri(ready_fleet):
    return ready_fleet.instance("home")


@pytest.fixture
def imported(kolibri, tmp_path):
    return import_first_version(kolibri, tmp_path / "1")


@pytest.fixture
def second(tmp_path):
    return newer(tmp_path / "2")


def kill_an_update(kolibri, second, step):
    values = {"channel": CHANNEL_ID, "folder": str(second), "step": step}
    killed = shell(kolibri, AS_ON_SMB, DIE, IMPORT, **values)
    assert killed.code == -signal.SIGKILL, killed.output


@pytest.mark.parametrize("step", [1, 2])
def test_after_a_kill_the_next_import_goes_on(kolibri, imported, second, ready_fleet, step):
    kill_an_update(kolibri, second, step)
    assert version(imported if step == 1 else replacing.newest_set_aside(str(imported))) == 1
    assert in_postgresql(ready_fleet) == 1

    again = shell(kolibri, AS_ON_SMB, IMPORT, channel=CHANNEL_ID, folder=str(second))

    assert again.code == 0, again.output
    assert version(imported) == in_postgresql(ready_fleet) == 2
    clean(kolibri)
    assert others(imported) == []


@pytest.mark.parametrize("step", [1, 2])
def test_after_a_kill_the_next_cleaning_puts_the_old_database_back(kolibri, imported, second, step):
    kill_an_update(kolibri, second, step)
    assert imported.exists() == (step == 1)

    clean(kolibri)

    assert version(imported) == 1
    # Another process may still be writing that.
    assert others(imported) == [f"{imported.name}.transfer"]
    backdate(imported.with_name(f"{imported.name}.transfer"), 25)
    assert clean(kolibri) == 1
    assert others(imported) == []


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_an_update_that_is_cancelled_leaves_the_old_database(
    kolibri, imported, second, ready_fleet, calls
):
    values = {"channel": CHANNEL_ID, "folder": str(second), "calls": calls}

    cancelled = shell(kolibri, AS_ON_SMB, CANCELLED, **values)

    assert "it was cancelled" in cancelled.stdout, cancelled.output
    assert version(imported) == in_postgresql(ready_fleet) == 1
    clean(kolibri)
    assert others(imported) == []


def test_an_update_that_postgresql_refuses_leaves_the_old_database(kolibri, imported, second):
    change(second, f"UPDATE content_contentnode SET tree_id = 1, lft = {2**40}")

    refused = kolibri.run("manage", "importchannel", "disk", CHANNEL_ID, second)

    assert refused.code != 0
    assert version(imported) == 1
    clean(kolibri)
    assert others(imported) == []


def test_a_file_that_would_lead_out_of_the_content_folder_is_left_out(kolibri, tmp_path):
    drive = make_channel(tmp_path / "drive")
    stored = next((drive / "content" / "storage").rglob("*.mp4"))
    away = "x/../../../../../escaped"
    change(
        drive,
        "UPDATE content_localfile SET extension = :away WHERE id = :id",
        values={"away": away, "id": stored.stem},
    )
    (stored.parent / f"{stored.stem}.x").mkdir()
    (drive / "escaped").write_bytes(stored.read_bytes())

    for command in ("importchannel", "importcontent"):
        kolibri.succeed("manage", command, "disk", CHANNEL_ID, drive)

    assert list(kolibri.home.rglob("escaped")) == []
    assert len(list((kolibri.home / "content" / "storage").rglob("*.*"))) == 2
