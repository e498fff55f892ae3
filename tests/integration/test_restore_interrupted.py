"""A restore that fails or is killed leaves the old database or the new one.

`make backups` kills ten restores.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from devtools.deadline import wait_until
from devtools.descendants import descendants
from kolibri_azure_plugin.database.restore_gate import CHANGES

from .backing_up import SOON, manifest, rewrite
from .restoring import counts_now, restore_held_up, restoring, wait_for

pytestmark = pytest.mark.slow

#: Processes that restore a backup and are killed.
KILLS = int(os.environ.get("KOLIBRI_AZURE_BACKUP_KILLS", "3"))

#: The kind of a socket's timer, in /proc/net/tcp.
KEEPALIVE = 2


def test_a_restore_that_fails_leaves_the_database_as_it_was(backups, postgres, sql):
    dump = backups.create()
    sql("DELETE FROM kolibriauth_membership")
    # Of another role, which the user may not drop.
    sql("CREATE VIEW report AS SELECT username FROM kolibriauth_facilityuser")
    before = counts_now(backups)

    refused = backups.run("restore", dump.name, "--replace")

    assert refused.returncode == 1
    assert "The database is as it was." in refused.stderr
    assert "view report depends on table kolibriauth_facilityuser" in refused.stderr
    assert counts_now(backups) == before
    sql("DROP VIEW report")
    backups.require("restore", dump.name, "--replace")


def test_a_file_that_ends_early_although_its_checksum_fits_leaves_the_database_as_it_was(backups):
    dump = backups.create()
    cut = dump.read_bytes()[: dump.stat().st_size * 2 // 3]
    dump.write_bytes(cut)
    rewrite(dump, file_bytes=len(cut), sha256=hashlib.sha256(cut).hexdigest())
    before = counts_now(backups)
    refused = backups.run("restore", dump.name, "--replace")
    assert refused.returncode == 1
    assert "#backup-restore-failed" in refused.stderr
    assert counts_now(backups) == before


def test_a_restore_killed_at_any_moment_leaves_the_old_database_or_the_new_one(
    backups, counts, postgres
):
    dump = backups.create()
    new = manifest(dump)["counts"]
    began = time.monotonic()
    backups.require("restore", dump.name, "--replace")
    whole = time.monotonic() - began
    moments = sorted(random.uniform(0, whole) for _ in range(KILLS))
    outcomes = []
    for moment in moments:
        postgres.execute("DELETE FROM kolibriauth_membership", database=backups.deployment.database)
        old = counts_now(backups)
        process = backups.start("restore", dump.name, "--replace")
        wait_for(moment)
        kill_all(process)
        wait_until(
            lambda: not restoring(postgres, backups.deployment.database),
            "PostgreSQL to undo it",
            SOON,
        )
        found = counts_now(backups)
        if found == old:
            outcomes.append("old")
        else:
            # Both of the morango identities and the note differ from the manifest.
            for name in ("kolibri_azure_state", "morango_databaseidmodel"):
                found.pop(name)
            assert found == {name: new[name] for name in found}
            outcomes.append("new")
    counts(
        f"restore killed after {[round(each, 2) for each in moments]} s of {whole:.2f}: {outcomes}"
    )
    backups.require("restore", dump.name, "--replace")


def kill_all(process):
    """Kill the command first, as the kernel would when memory is short, then its programs."""
    for pid in (process.pid, *descendants(process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.kill()


def seconds_until_probed(port, peer):
    """After how many seconds of silence the kernel asks a local socket's peer for a sign of life.

    https://docs.kernel.org/networking/proc_net_tcp.html
    """
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, _, timer, *_ = line.split()
        kind, when = (int(part, 16) for part in timer.split(":"))
        if (port_of(local), port_of(remote)) == (port, peer):
            # Until the last data are acknowledged, another timer runs.
            return when / os.sysconf("SC_CLK_TCK") if kind == KEEPALIVE else float("inf")
    raise AssertionError(f"no socket from port {port} to {peer}")


def port_of(address):
    return int(address.partition(":")[2], 16)


def test_if_a_machine_is_lost_during_a_restore_the_server_and_psql_notice_it_soon(
    backups, postgres
):
    """Its locks keep all instances away for as long as the server believes that it is there."""
    dump = backups.create()
    restore = backups.start("restore", dump.name, "--replace")
    with restore_held_up(restore, postgres, backups.deployment.database):
        ((client,),) = postgres.execute(
            "SELECT client_port FROM pg_stat_activity WHERE datname = %s"
            " AND application_name LIKE %s",
            (backups.deployment.database, f"kolibri {CHANGES}%"),
        )
        for port, peer, limit in ((postgres.port, client, 2), (client, postgres.port, 30)):
            wait_until(
                lambda at=port, to=peer, most=limit: seconds_until_probed(at, to) <= most,
                f"a probe within {limit} s",
                SOON,
            )
    assert restore.wait_for_exit(SOON) == 0, restore.output
