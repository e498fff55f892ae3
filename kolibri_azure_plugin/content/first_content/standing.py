"""How far each channel is that the setting names, without Django."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from kolibri_azure_plugin.content.first_content import problems
from kolibri_azure_plugin.content.first_content.records import (
    IMPORTING,
    THERE,
    Channel,
    Records,
    job_of,
)
from kolibri_azure_plugin.content.first_content.wanted import Wanted
from kolibri_azure_plugin.database import state as state_table
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.errors import ChannelError

#: Further states of a channel: its import has not begun, and it was there but is not any longer.
WAITING, GONE = "waiting", "gone"

#: All channels, and whether at least one resource of each is available.
LISTED = """
    SELECT replace(channel.id::text, '-', ''), root.available FROM content_channelmetadata channel
    JOIN content_contentnode root ON root.id = channel.root_id
"""

JOBS = "SELECT id, state, saved_job FROM jobs WHERE id = ANY(%s)"


@dataclasses.dataclass(frozen=True)
class Standing:
    """One channel.

    :param state: a state of `records`, or one of those above.
    :param progress: how much of it has been imported, from 0 to 1.
    :param problem: why it is not there; None if it is, or will be.
    """

    name: str
    state: str
    progress: float = 0.0
    problem: ChannelError | None = None


def standings(wanted: Iterable[Wanted], state: State) -> list[Standing]:
    """Each channel that the setting names, in its order.

    :param state: the state table, which may not exist yet, on any connection.
    """
    stored = state.exists(state_table.TABLE)
    records = Records.read(state) if stored else Records()
    library = dict(state.rows(LISTED))
    jobs = _jobs(records, state)
    found: dict[str, Standing] = {}
    for one in wanted:
        for key in records.named.get(one.key, [one.key]):
            found[key] = _standing(key, one, records, library, jobs)
    return list(found.values())


def _standing(
    key: str,
    one: Wanted,
    records: Records,
    library: dict[str, bool],
    jobs: dict[str, dict[str, Any]],
) -> Standing:
    channel = records.channels.get(key)
    if library.get(key):
        importing = channel is not None and channel.state == IMPORTING
        if not importing or jobs.get(key, {}).get("state") == "COMPLETED":
            return Standing(channel.name if channel else one.name, THERE)
    if channel is not None:
        return _recorded(channel, jobs.get(key), is_empty=key in library)
    problem = records.problems.get(one.key)
    error = problems.from_record(problem) if problem else None
    return Standing(one.name, WAITING, problem=error)


def _recorded(channel: Channel, job: dict[str, Any] | None, *, is_empty: bool) -> Standing:
    """A channel of which no resource is available, or which is being imported."""
    if channel.state == THERE:
        return Standing(channel.name, GONE)
    if channel.state != IMPORTING or job is None:
        return Standing(channel.name, channel.state)
    if job["state"] == "FAILED":
        problem = problems.failed(
            channel.name, job.get("exception") or "", job.get("traceback") or ""
        )
        return Standing(channel.name, IMPORTING, problem=problem)
    if job["state"] == "COMPLETED" and is_empty:
        return Standing(channel.name, IMPORTING, problem=problems.empty(channel.name))
    total = job.get("total_progress") or 0
    return Standing(channel.name, IMPORTING, progress=(job["progress"] / total if total else 0.0))


def _jobs(records: Records, state: State) -> dict[str, dict[str, Any]]:
    """The tasks of the recorded channels, by the channels' ids."""
    if not records.channels or not state.exists("jobs"):
        return {}
    ids = {job_of(channel_id): channel_id for channel_id in records.channels}
    rows = state.rows(JOBS, list(ids))
    return {ids[name]: {**json.loads(saved), "state": job} for name, job, saved in rows}
