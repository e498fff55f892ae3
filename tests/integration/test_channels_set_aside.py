"""A channel's database that is set aside is served, stays while it is in use, and is removed."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import threading
import time

import psycopg2
import pytest

from devtools.channel import CHANNEL_ID
from kolibri_azure_plugin.content.channels.channel_locks import DIGITS
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock

from .channel_files import database, newer
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


@pytest.fixture
def kolibri(ready_fleet):
    return ready_fleet.instance("home")


@pytest.fixture
def imported(kolibri, tmp_path):
    return import_first_version(kolibri, tmp_path / "1")


@pytest.fixture
def second(tmp_path):
    return newer(tmp_path / "2")


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
