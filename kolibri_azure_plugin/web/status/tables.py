"""Instances, jobs and syncs in words, and the troubles among them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone

from kolibri_azure_plugin.instances.activity.presence import Presence
from kolibri_azure_plugin.web.status.cards import Card, Cell, Fact, Table
from kolibri_azure_plugin.web.status.findings import Findings
from kolibri_azure_plugin.web.status.instances import Instances, is_silent
from kolibri_azure_plugin.web.status.jobs import FailedJob, Jobs
from kolibri_azure_plugin.web.status.language import ENGLISH, Wording
from kolibri_azure_plugin.web.status.syncs import FacilitySync
from kolibri_azure_plugin.web.status.verdict import Tone, Trouble, allowed_silence


def instances(known: Instances, words: Wording) -> Table:
    """The instances of the last day."""
    columns = ("name", "version", "role", "since", "workers", "sign")
    return Table(
        id="instances",
        title=words.text("instances.title"),
        columns=[words.text(f"instances.{each}") for each in columns],
        cells=[_instance(each, known, words) for each in known.known],
        empty=words.text("instances.none"),
    )


def _instance(one: Presence, known: Instances, words: Wording) -> list[Cell]:
    role = f"role.{one.role}"
    plugin = words.text("instances.plugin", version=one.plugin)
    silent = is_silent(one)
    holds = known.holder == one.instance and not silent
    sign = words.text("instances.stopped" if silent else "instances.running")
    return [
        Cell(one.instance),
        Cell(words.text("instances.kolibri", version=one.kolibri), plugin),
        Cell(words.text(role) if role in words.texts else one.role),
        Cell(words.moment(one.since)),
        Cell(words.text("instances.holder") if holds else words.text("no")),
        Cell(sign, words.ago(one.silent_for), Tone.UNKNOWN if silent else Tone.GOOD),
    ]


def instance_troubles(
    known: Instances, found: Findings, words: Wording, *, interval: float
) -> list[Trouble]:
    """The instances that have been running for long, without a report of the doctor.

    :param interval: seconds between two reports; 0 if the doctor examines only on request.
    """
    long_ago = timezone.now() - dt.timedelta(seconds=allowed_silence(interval))
    names = [name for name in known.running_since(long_ago) if name not in found.examined]
    if not interval or not names:
        return []
    trouble = Trouble(
        Tone.WARNING,
        words.text("instances.unexamined"),
        remedy=words.text("instances.remedy"),
        instances=tuple(names),
    )
    return [trouble]


def jobs_card(work: Jobs, words: Wording) -> Card:
    """How many jobs there are."""
    failed = Tone.WARNING if work.failed else Tone.GOOD
    facts = [
        Fact(words.text("jobs.running"), words.number(work.running)),
        Fact(words.text("jobs.waiting"), words.number(work.waiting)),
        Fact(words.text("jobs.failed"), words.number(work.failed), tone=failed),
    ]
    return Card("jobs", words.text("jobs.title"), facts)


def failed_jobs(work: Jobs, words: Wording) -> Table:
    """The jobs that failed in the last day."""
    return Table(
        id="failed-jobs",
        title=words.text("jobs.failures"),
        columns=[words.text(f"jobs.{each}") for each in ("task", "when", "message")],
        cells=[
            [
                Cell(task_name(each, words), each.subject),
                Cell(words.moment(each.when)),
                Cell(each.message, language=ENGLISH),
            ]
            for each in work.failures
        ],
        empty=words.text("jobs.noFailures"),
    )


def task_name(job: FailedJob, words: Wording) -> str:
    """A task in words; its name in Kolibri's source if there are none."""
    known = f"task.{job.task}"
    return words.text(known) if known in words.texts else job.task


def job_troubles(work: Jobs, words: Wording) -> list[Trouble]:
    """The jobs that failed, as one trouble."""
    if not work.failures:
        return []
    newest = work.failures[0]
    name = task_name(newest, words)
    trouble = Trouble(
        Tone.WARNING,
        words.text("jobs.trouble", count=words.number(work.failed), task=name),
        cause=newest.message,
        remedy=words.text("jobs.remedy"),
        since=min(each.when for each in work.failures),
    )
    return [trouble]


def syncs(found: Sequence[FacilitySync], words: Wording) -> Table:
    """The last sync of each facility."""
    return Table(
        id="syncs",
        title=words.text("syncs.title"),
        columns=[words.text(f"syncs.{each}") for each in ("facility", "success", "failure")],
        cells=[_sync(each, words) for each in found],
        empty=words.text("syncs.none"),
    )


def _sync(one: FacilitySync, words: Wording) -> list[Cell]:
    tone = Tone.WARNING if one.is_failing else Tone.GOOD
    return [
        Cell(one.facility),
        _time(one.success, words),
        Cell(words.moment(one.failure), tone=tone) if one.failure else Cell(words.text("none")),
    ]


def _time(when: dt.datetime | None, words: Wording) -> Cell:
    if when is None:
        return Cell(words.text("never"))
    return Cell(words.moment(when), words.ago((timezone.now() - when).total_seconds()))


def sync_troubles(found: Sequence[FacilitySync], words: Wording) -> list[Trouble]:
    """The facilities whose last sync failed."""
    return [
        Trouble(
            Tone.WARNING,
            words.text("syncs.trouble", facility=each.facility),
            remedy=words.text("syncs.remedy"),
            since=each.failure,
        )
        for each in found
        if each.is_failing
    ]
