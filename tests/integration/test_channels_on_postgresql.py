"""PostgreSQL accepts channels that only SQLite takes, and administrators update one in turn."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

import psycopg2
import pytest

from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import VIDEO_TITLE
from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from tests.integration.channel_files import another, change, newer

pytestmark = pytest.mark.slow

LARGEST = 2_147_483_647
ROUNDS = int(os.environ.get("KOLIBRI_AZURE_CHANNEL_ROUNDS", "1"))

#: From Morango (0.8.15, sync/backends/postgres.py), which can't be imported without Django.
LOCK_ALL_PARTITIONS = 1

#: A title and a description, each with a part that is cut, cleaned or kept.
ODD_TITLE = r'Half of "\frac{1}{2}" \. and \N'
ODD_DESCRIPTION = "Line one\nline two\tand \\nu, C:\\temp\r\nစာသင်ခန်း 🎓"
ODD_OPTIONS = {"presets": 'say "hi"\n', "modality": None}

ODD = {
    "title": f"Nul\0 {ODD_TITLE}",
    "description": f"{ODD_DESCRIPTION}\0",
    "options": json.dumps(ODD_OPTIONS),
    "author": "A" * 1_000,
    "language": "en-a-very-long-code",
    "size": 3 * 2**30,
    "duration": 2**40,
    "priority": 2**33,
    "kind": "video",
}


def test_a_channel_with_all_that_only_sqlite_takes_is_imported_and_shown(ready_fleet, tmp_path):
    folder = odd_channel(tmp_path)
    kolibri = ready_fleet.instance("home")

    imported = kolibri.run("manage", "importchannel", "disk", CHANNEL_ID, folder)

    assert imported.code == 0, imported.output
    assert node(ready_fleet, "title, description, author, duration, lang_id") == [
        (f"Nul {ODD_TITLE}", ODD_DESCRIPTION, "A" * 200, LARGEST, "en-a-very-long")
    ]
    assert json.loads(node(ready_fleet, "options")[0][0]) == ODD_OPTIONS
    sizes = execute(ready_fleet, "SELECT max(file_size) FROM content_localfile")
    assert sizes == [(LARGEST,)]
    for words in ("3 texts stripped of characters", "1 texts cut", "outside -2147483648"):
        assert words in imported.output
    assert ancestors_as_served(kolibri) == [f"Nul {ODD_TITLE}"]


def test_a_file_over_two_gibibytes_is_imported_and_not_fetched_twice(ready_fleet, tmp_path):
    folder = make_channel(tmp_path)
    stored = next((folder / "content" / "storage").rglob("*.mp4"))
    change(
        folder,
        "UPDATE content_localfile SET file_size = :size WHERE id = :id",
        values={"size": LARGEST + 1, "id": stored.stem},
    )
    kolibri = ready_fleet.instance("home")
    for command in ("importchannel", "importcontent"):
        kolibri.succeed("manage", command, "disk", CHANNEL_ID, folder)
    shown = "SELECT published_size >= %s FROM content_channelmetadata"
    assert execute(ready_fleet, shown, LARGEST) == [(True,)]

    there = next((kolibri.home / "content" / "storage").rglob("*.mp4"))
    there.unlink()
    with there.open("wb") as file:
        file.truncate(LARGEST + 1)  # sparse, so it takes no space on the disk
    execute(ready_fleet, "UPDATE content_localfile SET available = false")
    execute(ready_fleet, "UPDATE content_contentnode SET available = false")
    kolibri.succeed("manage", "importcontent", "disk", CHANNEL_ID, folder)

    assert there.stat().st_size == LARGEST + 1


#: Two tasks of one instance's workers are two threads of one process.
TWO_AT_ONCE = """
import threading
from django.core.management import call_command
def work():
    call_command("importchannel", "disk", {channel!r}, {folder!r})
    print("one is done")
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_administrators_import_a_channel_at_once_on_two_instances(
    ready_fleet, processes, tmp_path, _round
):
    folder = make_channel(tmp_path)

    with held_up(ready_fleet, 2):
        processes += [begin_import(ready_fleet.instance(name), folder) for name in ("a", "b")]

    assert_all_succeed(processes)
    assert node(ready_fleet, "count(*)") == [(1,)]


def test_two_administrators_import_a_channel_at_once_on_one_instance(
    ready_fleet, processes, tmp_path
):
    script = TWO_AT_ONCE.format(channel=CHANNEL_ID, folder=str(make_channel(tmp_path)))

    with held_up(ready_fleet, 2):
        processes.append(ready_fleet.instance("a").begin("manage", "shell", "-c", script))

    assert_all_succeed(processes)
    assert processes[0].output.splitlines().count("one is done") == 2, processes[0].output
    assert node(ready_fleet, "count(*)") == [(1,)]


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_administrators_update_a_channel_at_once(ready_fleet, processes, tmp_path, _round):
    first = ready_fleet.instance("a")
    first.succeed("manage", "importchannel", "disk", CHANNEL_ID, make_channel(tmp_path / "1"))
    folder = newer(tmp_path / "2")

    with held_up(ready_fleet, 2):
        processes += [begin_import(ready_fleet.instance(name), folder) for name in ("a", "b")]

    assert_all_succeed(processes)
    assert node(ready_fleet, "title") == [("Counting further",)]


def test_two_channels_that_are_imported_at_once_get_a_tree_each(ready_fleet, processes, tmp_path):
    other, folder = another(tmp_path / "other")
    channels = {CHANNEL_ID: make_channel(tmp_path / "one"), other: folder}

    with held_up(ready_fleet, 2):
        processes += [
            begin_import(ready_fleet.instance(channel_id), folder, channel_id)
            for channel_id, folder in channels.items()
        ]

    assert_all_succeed(processes)
    trees = "SELECT count(DISTINCT tree_id), count(DISTINCT channel_id) FROM content_contentnode"
    assert execute(ready_fleet, trees) == [(2, 2)]


def test_a_channel_is_deleted_while_another_administrator_updates_it(
    ready_fleet, processes, tmp_path
):
    first = ready_fleet.instance("a")
    first.succeed("manage", "importchannel", "disk", CHANNEL_ID, make_channel(tmp_path / "1"))

    with held_up(ready_fleet, 1):
        updating = begin_import(first, newer(tmp_path / "2"))
        processes.append(updating)
        wait_until(lambda: blocked(ready_fleet), "the update to be held up", 60)
        deleting = ready_fleet.instance("b").begin("manage", "deletechannel", CHANNEL_ID)
        processes.append(deleting)
        wait_until(lambda: "Waiting for another import" in deleting.output, "it to wait", 60)

    assert_all_succeed(processes)
    assert node(ready_fleet, "count(*)") == [(0,)]
    assert execute(ready_fleet, "SELECT count(*) FROM content_channelmetadata") == [(0,)]


def test_an_import_that_is_killed_leaves_the_channel_to_the_one_that_waits(
    ready_fleet, processes, tmp_path
):
    folder = make_channel(tmp_path)

    with held_up(ready_fleet, 1):
        killed = begin_import(ready_fleet.instance("a"), folder)
        processes.append(killed)
        wait_until(lambda: blocked(ready_fleet), "the first to be held up", 60)
        waiting = begin_import(ready_fleet.instance("b"), folder)
        processes.append(waiting)
        wait_until(lambda: "Waiting for another import" in waiting.output, "it to wait", 60)
        killed.signal(signal.SIGKILL)

    assert waiting.wait_for_exit(120) == 0, waiting.output
    assert node(ready_fleet, "title") == [(VIDEO_TITLE,)]


def test_a_channel_is_imported_and_deleted_while_a_sync_goes_on(ready_fleet, tmp_path):
    kolibri = ready_fleet.instance("home")

    with a_sync(ready_fleet):
        kolibri.succeed("manage", "importchannel", "disk", CHANNEL_ID, make_channel(tmp_path))
        assert node(ready_fleet, "title") == [(VIDEO_TITLE,)]
        kolibri.succeed("manage", "deletechannel", CHANNEL_ID)

    assert node(ready_fleet, "count(*)") == [(0,)]


@contextlib.contextmanager
def a_sync(fleet: Fleet):
    """Hold the lock that Morango holds, perhaps for many minutes, while it deserialises records."""
    with contextlib.closing(psycopg2.connect(fleet.url())) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOCK_ALL_PARTITIONS,))
        yield
        connection.rollback()


def odd_channel(drive: Path) -> Path:
    return change(
        make_channel(drive),
        "UPDATE content_language SET id = :language",
        "UPDATE content_file SET lang_id = :language, priority = :priority",
        "UPDATE content_contentnode SET lang_id = :language",
        "UPDATE content_localfile SET file_size = :size WHERE extension = 'mp4'",
        "UPDATE content_contentnode SET title = :title, description = :description,"
        " options = :options, author = :author, duration = :duration WHERE kind = :kind",
        "UPDATE content_contentnode SET title = :title WHERE level = 1",
        values=ODD,
    )


def ancestors_as_served(kolibri: Kolibri) -> list[str]:
    """The titles of the video's ancestors, read as a page reads them."""
    script = (
        "from kolibri.core.content.models import ContentNode\n"
        "node = ContentNode.objects.get(kind='video')\n"
        "import json; print('ANCESTORS' + json.dumps([a['title'] for a in node.ancestors[1:]]))\n"
    )
    printed = kolibri.succeed("manage", "shell", text=script).stdout
    titles: list[str] = json.loads(printed.split("ANCESTORS")[1].splitlines()[0])
    return titles


@contextlib.contextmanager
def held_up(fleet: Fleet, importers: int):
    """Hold back all writes of content until so many importers wait, and the block has ended."""
    with contextlib.closing(psycopg2.connect(fleet.url())) as connection:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE content_contentnode, content_localfile IN EXCLUSIVE MODE")
        yield
        wait_until(lambda: blocked(fleet) >= importers, f"{importers} that are held up", 60)
        connection.rollback()


def blocked(fleet: Fleet) -> int:
    """How many sessions wait for a lock on a table or one of the plugin's locks."""
    waiting = execute(
        fleet,
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    asking = execute(
        fleet,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'kolibri channel %'",
    )
    return max(waiting[0][0], asking[0][0] if waiting[0][0] else 0)


def begin_import(kolibri: Kolibri, folder: Path, channel_id: str = CHANNEL_ID):
    command = ("manage", "importchannel", "disk", channel_id, str(folder))
    return kolibri.begin(*command, log=f"{channel_id}.log")


def assert_all_succeed(processes) -> None:
    for process in processes:
        assert process.wait_for_exit(120) == 0, process.output


def node(fleet: Fleet, columns: str) -> list[tuple]:
    """Columns of the video's node."""
    return execute(fleet, f"SELECT {columns} FROM content_contentnode WHERE kind = 'video'")


def execute(fleet: Fleet, statement: str, *values: object) -> list[tuple]:
    return fleet.postgres.execute(statement, values, database=fleet.database)
