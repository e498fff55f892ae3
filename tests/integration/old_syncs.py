"""Syncs of a site that have ended, or were abandoned a day ago, and their jobs."""

from __future__ import annotations

import json
import uuid

from tests.integration import broken_sync
from tests.integration.broken_sync import ABANDONED, FRESH

CLEANUP = "kolibri.core.auth.tasks.cleanupsync"
STAGE = "kolibri_azure_plugin.facility_data.syncing.task.advance_transfer"

SAME_DEVICE = "UPDATE morango_syncsession SET client_instance_id = %s WHERE id = ANY(%s::uuid[])"

SILENT = """
    UPDATE morango_transfersession SET last_activity_timestamp = now() - interval '2 hours'
    WHERE sync_session_id = %s
"""


def make_syncs(site):
    """The ids of syncs by name, all but one of them 25 hours old, after a round."""
    told = site.shell(broken_sync.script(site.url))
    syncs = json.loads(told.split("SYNCS ")[1])
    for sync in (site_id for name, site_id in syncs.items() if name != FRESH):
        for table, column in (
            ("morango_syncsession", "id"),
            ("morango_transfersession", "sync_session_id"),
        ):
            site.rows(
                f"UPDATE {table} SET last_activity_timestamp = last_activity_timestamp"
                f" - interval '25 hours' WHERE {column} = %s",
                sync,
            )
    syncs["buffers"] = {name: buffers(site, sync) for name, sync in syncs.items()}
    waiting = json.dumps({"a-transfer_serializing_job_id": "awaited-1"})
    site.add_jobs(1, "awaited-", CLEANUP)
    site.rows(
        "UPDATE morango_syncsession SET extra_fields = %s WHERE id = %s", waiting, syncs[FRESH]
    )
    for name in (FRESH, ABANDONED):
        [[transfer]] = site.rows(
            "SELECT id FROM morango_transfersession WHERE sync_session_id = %s", syncs[name]
        )
        site.add_jobs(1, f"stage-of-{name}-", STAGE)
        job = {"job_id": f"stage-of-{name}-1", "func": STAGE, "state": "COMPLETED"}
        job["kwargs"] = {"transfer_id": uuid.UUID(transfer).hex, "stage": "queuing"}
        site.rows("UPDATE jobs SET saved_job = %s WHERE id = %s", json.dumps(job), job["job_id"])
    site.rows("UPDATE morango_nonce SET timestamp = timestamp - interval '2 hours'")
    site.run_round()
    site.backdate_jobs("2 hours", "awaited-%")
    site.backdate_jobs("2 hours", "stage-of-%")
    site.run_round()
    return syncs


def buffers(site, sync):
    of_sync = (
        "transfer_session_id IN (SELECT id FROM morango_transfersession WHERE sync_session_id = %s)"
    )
    tables = ("morango_buffer", "morango_recordmaxcounterbuffer")
    return sum(site.count(table, of_sync, sync) for table in tables)
