"""`kolibri manage azure_backup`: make, list and verify backups on a real PostgreSQL.

`make backups` tries a school of 2,000 learners and 200,000 attempts.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import threading
import time
from pathlib import Path

import psycopg2
import pytest
import requests

import kolibri_azure_plugin
from devtools.deadline import wait_until
from devtools.deployment import LEARNER
from devtools.descendants import command_line, descendants
from devtools.instances import start_gunicorn
from kolibri_azure_plugin.database.lock_keys import lock_key
from kolibri_azure_plugin.facility_data.backups import sessions
from kolibri_azure_plugin.facility_data.backups.creating import LOCK_NAME
from kolibri_azure_plugin.facility_data.backups.manifest import UPGRADE

from . import canaries
from .backing_up import SOON, manifest, scratch_databases
from .conftest import PASSWORD
from .planted_backups import plant, replace_by_folder

pytestmark = pytest.mark.slow

#: Processes that make a backup and are killed.
KILLS = int(os.environ.get("KOLIBRI_AZURE_BACKUP_KILLS", "3"))


@pytest.mark.essential
def test_a_backup_is_made_listed_and_verified(backups, postgres):
    done = backups.deployment.run("manage", "azure_backup", "create")
    assert done.returncode == 0, done.stderr
    dump = Path(done.stdout.splitlines()[-1])
    assert dump.parent == backups.folder
    assert backups.files() == [dump.name, dump.with_suffix(".json").name]
    found = manifest(dump)
    assert found["kind"] == "manual"
    assert found["kolibri"] in done.stdout + found["kolibri"]
    assert found["plugin"] == kolibri_azure_plugin.__version__
    assert found["counts"]["kolibriauth_facilityuser"] == 2
    assert found["file_bytes"] == dump.stat().st_size
    assert re.fullmatch("[0-9a-f]{64}", found["sha256"])
    # Only this user can read them, where the file system has modes.
    assert {stat.S_IMODE(path.stat().st_mode) for path in backups.folder.iterdir()} == {0o600}
    assert f"{dump.name}" in (listed := backups.require("list"))
    assert "not yet" in listed

    verified = backups.require("verify", dump.name)

    assert "The checksum of" in verified
    assert "were restored into a scratch database" in verified
    assert scratch_databases(postgres) == []
    assert "not yet" not in backups.require("list")


def test_the_help_explains_each_command(backups):
    everything = backups.require("--help")
    for command in ("create", "list", "verify", "restore"):
        assert f"azure_backup {command}" in everything
        assert len(backups.require(command, "--help").splitlines()) > 5
    assert "nightly" not in everything.partition("positional arguments")[2].partition("options")[0]
    assert backups.run("destroy").returncode == 2


def test_a_backup_contains_one_moment_although_the_site_goes_on(backups, postgres):
    database = backups.deployment.database
    stop = threading.Event()

    def write():
        while not stop.is_set():
            postgres.execute(
                "INSERT INTO kolibri_azure_state (key, value)"
                " SELECT 'test ' || gen_random_uuid(), '1' FROM generate_series(1, 10)",
                database=database,
            )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        dumps = [backups.create() for _ in range(2)]
    finally:
        stop.set()
        writer.join()

    counts = [manifest(dump)["counts"]["kolibri_azure_state"] for dump in dumps]
    assert counts[0] < counts[1]
    for dump in dumps:
        backups.require("verify", str(dump))


def test_the_site_serves_while_a_backup_is_made(backups):
    backups.deployment.home.mkdir(exist_ok=True)
    with start_gunicorn(backups.deployment, "--workers=1") as site:
        site.wait_until_serving()
        backups.create()
        assert site.exit_code is None
        assert "during_restore" not in site.output
        assert "being restored" not in site.output


def test_of_two_at_once_the_second_says_so(backups):
    with holding_lock(backups, LOCK_NAME):
        refused = backups.run("create")
    assert refused.returncode == 1
    assert "Another process writes a backup." in refused.stderr
    assert "kolibri of the test" in refused.stderr


def test_before_an_upgrade_one_waits_for_another_to_end(backups):
    other = holding_lock(backups, LOCK_NAME)
    with backups.start("upgrade", "an upgrade") as process:
        with other:
            waits = "kolibri of the test. This one waits until it is done."
            process.wait_until(lambda: waits in process.output, "it to wait", SOON)
        assert process.wait_for_exit(SOON) == 0, process.output
    dump = Path(process.output.splitlines()[-1])
    assert manifest(dump)["reason"] == "before an upgrade"


def test_a_backup_before_an_upgrade_is_there_even_if_older_ones_can_not_be_removed(backups):
    older = [plant(backups.folder, hours=hours, kind=UPGRADE) for hours in (4, 3, 2, 1)]
    replace_by_folder(older[0])
    *_, warning, dump = backups.require("upgrade", "an upgrade").splitlines()
    assert "Older backups could not be removed" in warning
    backups.require("verify", dump)


def test_a_dump_of_a_lost_machine_keeps_no_table_locked(backups, postgres):
    lost = psycopg2.connect(
        backups.deployment.database_url,
        application_name=f"kolibri {sessions.DUMP}, lost process 1",
    )
    with contextlib.closing(lost), lost.cursor() as cursor:
        cursor.execute("LOCK TABLE kolibriauth_facilityuser IN ACCESS SHARE MODE")
        backups.create()
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")


def holding_lock(backups, name):
    session = psycopg2.connect(
        backups.deployment.database_url, application_name="kolibri of the test"
    )
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (lock_key(name),))
    return contextlib.closing(session)


def test_a_backup_killed_at_any_moment_leaves_no_backup_or_a_whole_one(backups, counts):
    began = time.monotonic()
    backups.create()
    whole = time.monotonic() - began
    left = set(backups.files())
    moments = [whole * (number + 1) / (KILLS + 1) for number in range(KILLS)]
    for moment in moments:
        process = backups.start("create")
        end = time.monotonic() + moment
        wait_until(lambda at=end: time.monotonic() > at, "the moment", 60)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait_for_exit(10)
        new = {name for name in backups.files() if name.endswith(".dump")} - left
        for name in new:
            backups.require("verify", name)
        left |= new
    counts(f"create was killed after {[round(each, 2) for each in moments]} s of {whole:.2f} s")
    backups.create()
    assert not [name for name in backups.files() if name.endswith(".partial")]


def test_no_secret_is_in_command_lines_files_or_messages(backups, postgres):
    """The password of the role has every character that is hard to quote."""
    dump = backups.create()
    seen = {}
    for words in (("create",), ("verify", dump.name), ("restore", dump.name, "--replace")):
        process = backups.start(*words)
        while process.exit_code is None:
            for pid in {process.pid, *descendants(process.pid)}:
                seen.setdefault(pid, "")
                seen[pid] = command_line(pid) or seen[pid]
        assert process.exit_code == 0, process.output
        assert PASSWORD not in process.output
    lines = " ".join(seen.values())
    assert {"pg_dump", "pg_restore", "psql"} <= {word.rpartition("/")[2] for word in lines.split()}
    assert canaries.leaks(lines, [PASSWORD]) == []
    assert canaries.leaks_in_files(backups.folder, [PASSWORD]) == {}


def test_no_address_of_the_site_serves_a_backup(backups):
    dump = backups.create()
    begin = dump.read_bytes()[:5]
    backups.deployment.home.mkdir(exist_ok=True)
    with start_gunicorn(backups.deployment, "--workers=1") as site:
        site.wait_until_serving()
        for path in addresses(dump):
            answer = site_get(site.url + path)
            assert not answer.content.startswith(begin), path
            assert LEARNER not in answer.text, path


def addresses(dump):
    """Each prefix at which the site serves files, with the ways to leave it."""
    prefixes = [
        "/", "/static/", "/media/", "/content/", "/content/storage/", "/content/databases/",
        "/zipcontent/", "/downloadcontent/", "/api/", "/en/", "/backups/", "/data/backups/",
    ]  # fmt: skip
    names = [
        dump.name, str(dump), str(dump).lstrip("/"), f"../{dump.name}",
        f"../backups/{dump.name}", f"..%2Fbackups%2F{dump.name}", f"%2e%2e/backups/{dump.name}",
    ]  # fmt: skip
    return [prefix + name for prefix in prefixes for name in names]


def site_get(url):
    # Without this library's own normalization of dots.
    request = requests.Request("GET", url).prepare()
    request.url = url
    with requests.Session() as session:
        return session.send(request, timeout=30, allow_redirects=False)
