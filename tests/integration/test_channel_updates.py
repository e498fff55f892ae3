"""A channel's database is replaced completely or stays, after a kill, cancellation or refusal."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import signal
import sqlite3
import threading
import time

import psycopg2
import pytest

from devtools.channel import CHANNEL_ID, make_channel
from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.content.channels.channel_locks import DIGITS
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from tests.integration.channel_files import change, database, newer

pytestmark = pytest.mark.slow

HOUR = 3600

#: Prefix of a Kolibri command: the content folder counts as an SMB share.
AS_ON_SMB = """
import os, signal, sys
from kolibri.utils import conf
from kolibri_azure_plugin.content import mounts
content = conf.OPTIONS["Paths"]["CONTENT_DIR"]
mounts.MOUNTINFO = os.path.join(conf.KOLIBRI_HOME, "mountinfo")
with open(mounts.MOUNTINFO, "w") as table:
    table.write(f"36 25 0:40 / {content} rw,relatime - cifs //server/share rw,soft\\n")
"""

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

CLEAN = """
from kolibri_azure_plugin.housekeeping import leftovers, rounds
print("REMOVED", rounds.clean([("files", leftovers.remove_leftovers)])["files"])
"""


@pytest.fixture
def kolibri(ready_fleet):
    return ready_fleet.instance("home")


@pytest.fixture
def imported(kolibri, tmp_path):
    """The database file of an imported channel, in its first version."""
    kolibri.succeed("manage", "importchannel", "disk", CHANNEL_ID, make_channel(tmp_path / "1"))
    return kolibri.home / "content" / "databases" / f"{CHANNEL_ID}.sqlite3"


@pytest.fixture
def second(tmp_path):
    return newer(tmp_path / "2")


def shell(kolibri, *scripts, **values):
    text = "".join(scripts[:1]) + "".join(each.format(**values) for each in scripts[1:])
    return kolibri.run("manage", "--skip-update", "shell", "-c", text)


def version(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version FROM content_channelmetadata").fetchone()[0]


def in_postgresql(fleet):
    rows = fleet.postgres.execute(
        "SELECT version FROM content_channelmetadata WHERE id = %s",
        (CHANNEL_ID,),
        database=fleet.database,
    )
    return rows[0][0] if rows else None


def others(path):
    return sorted(set(os.listdir(path.parent)) - {path.name})


def clean(kolibri):
    done = shell(kolibri, CLEAN)
    assert done.code == 0, done.output
    return int(done.stdout.split("REMOVED ")[1].split()[0])


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


def backdate(path, hours):
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))


def test_only_unused_files_without_a_writer_are_removed(kolibri, imported):
    storage = kolibri.home / "content" / "storage" / "0" / "1"
    storage.mkdir(parents=True)
    old = [
        storage / f"01{'0' * 30}.mp4.transfer",
        imported.with_name(f"{CHANNEL_ID}-upgrade.sqlite3"),
        imported.with_name(f"{CHANNEL_ID}-annotated.sqlite3"),
    ]
    young = [storage / f"02{'0' * 30}.mp4.transfer", storage / f"03{'0' * 30}.mp4"]
    for path in (*old, *young):
        path.write_bytes(b"some bytes")
    for path in (*old, young[1]):
        backdate(path, 25)
    backdate(young[0], 23)

    assert clean(kolibri) == len(old)
    assert all(path.exists() for path in young)
    assert others(imported) == []


def test_a_database_set_aside_stays_while_the_channel_is_in_use(kolibri, imported, ready_fleet):
    aside = imported.with_name(f"{imported.name}.{time.time_ns():016x}-00000000.replaced")
    imported.rename(aside)
    lock = AdvisoryLock(f"channel {CHANNEL_ID[:DIGITS]}")
    with contextlib.closing(psycopg2.connect(ready_fleet.url())) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (lock.key,))
        clean(kolibri)
        assert others(imported) == [aside.name]

    clean(kolibri)

    assert version(imported) == 1
    assert others(imported) == []


def test_a_database_set_aside_is_removed_with_its_channel(kolibri, imported):
    aside = imported.with_name(f"{imported.name}.{time.time_ns():016x}-00000000.replaced")
    aside.write_bytes(imported.read_bytes())
    kolibri.succeed("manage", "deletechannel", CHANNEL_ID)

    clean(kolibri)

    assert not imported.exists()
    assert others(imported) == []


#: Requests the database from Kolibri's file server while it is constantly replaced.
SERVED = """
import json, os, pathlib, threading
from kolibri.utils.kolibri_whitenoise import DynamicWhiteNoise
def application(_environ, start_response):
    start_response("404 Not Found", [])
    return [b""]
path = pathlib.Path({path!r})
content = path.parent.parent
server = DynamicWhiteNoise(application, dynamic_locations=[("/content/", str(content))])
def get(name=path.name, **headers):
    told = []
    url = "/content/databases/" + name
    environ = dict(PATH_INFO=url, QUERY_STRING="", REQUEST_METHOD="GET", **headers)
    body = b"".join(server(environ, lambda status, _headers: told.append(status[:3])))
    return told[0], len(body)
def aside(number):
    return path.with_name(f"{{path.name}}.{{number:016x}}-00000000.replaced")
served = [get()]
path.rename(aside(1))
served += [get(), get(HTTP_RANGE="bytes=0-99"), get(aside(1).name), get("f" * 32 + ".sqlite3")]
path.write_bytes(b"a shorter one")
served.append(get())
over, statuses = threading.Event(), set()
def replace():
    for number in range(2, 1000):
        new = path.with_suffix(".transfer")
        new.write_bytes(b"new")
        path.rename(aside(number))
        new.rename(path)
        aside(number - 1).unlink()
    over.set()
thread = threading.Thread(target=replace)
thread.start()
while not over.is_set():
    statuses.add(get()[0])
thread.join()
print("SERVED", json.dumps([served, sorted(statuses)]))
"""


def test_a_database_is_served_in_its_place_set_aside_and_in_its_newest_version(kolibri, imported):
    size = imported.stat().st_size

    told = shell(kolibri, "", SERVED, path=str(imported))

    assert told.code == 0, told.output
    served, statuses = json.loads(told.stdout.split("SERVED ")[1].splitlines()[0])
    assert served == [
        ["200", size],
        ["200", size],
        ["206", 100],
        ["404", 0],
        ["404", 0],
        ["200", len("a shorter one")],
    ]
    assert statuses == ["200"]


COMPARE = """
from kolibri.core.content.utils.upgrade import diff_stats
diff_stats({channel!r}, "network", baseurl={url!r})
"""


def test_a_new_version_is_compared_on_this_machine_and_not_on_the_share(kolibri, imported, second):
    asked = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(second))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), asked) as studio:
        threading.Thread(target=studio.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{studio.server_port}"
        compared = shell(kolibri, AS_ON_SMB, COMPARE, channel=CHANNEL_ID, url=url)
        studio.shutdown()

    assert compared.code == 0, compared.output
    assert others(imported) == [f"{CHANNEL_ID}-upgrade.sqlite3"]
    assert version(database(kolibri.home)) == 1
    assert list((kolibri.home / "compared_channels").iterdir()) == []
