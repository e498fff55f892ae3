"""Everything that the page shows, in the words of its reader."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.utils import timezone

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.stored_reports import StoredReport
from kolibri_azure_plugin.instances.activity import minutes
from kolibri_azure_plugin.web.status import (
    charted,
    checked,
    findings,
    instances,
    jobs,
    measured,
    stored,
    syncs,
    tables,
    verdict,
)
from kolibri_azure_plugin.web.status.cards import Card, Table
from kolibri_azure_plugin.web.status.charts import Chart
from kolibri_azure_plugin.web.status.checked import Category, ShownTrouble
from kolibri_azure_plugin.web.status.findings import Findings
from kolibri_azure_plugin.web.status.instances import Instances
from kolibri_azure_plugin.web.status.language import Wording
from kolibri_azure_plugin.web.status.use import Use, merge
from kolibri_azure_plugin.web.status.verdict import Tone, Verdict

#: Answers to a request for an examination, as the page's address names them.
ASKED, ASKED_BEFORE = "now", "before"
NOTES = {ASKED: "examine.asked", ASKED_BEFORE: "examine.askedBefore"}


@dataclasses.dataclass(frozen=True)
class Top:
    """The top of the page.

    :param headline: whether all is well.
    :param basis: what this is based on, if there is no trouble.
    :param age: how long ago the doctor examined the deployment.
    """

    tone: Tone
    headline: str
    basis: str
    first: ShownTrouble | None
    others: Sequence[ShownTrouble]
    age: str


@dataclasses.dataclass(frozen=True)
class Page:
    """The page, from its top to its end.

    :param note: the answer to a request for an examination.
    :param stale: appears while the page can't be refreshed.
    """

    top: Top
    note: str
    stale: str
    upgrade: str
    may_examine: bool
    instances: Table
    use: Card
    slow_pages: Table
    charts: Sequence[Chart]
    cards: Sequence[Card]
    jobs: Card
    failed_jobs: Table
    syncs: Table
    categories: Sequence[Category]
    time_zone: str


@dataclasses.dataclass(frozen=True)
class _Stored:
    """What the plugin's own tables contain."""

    reports: Sequence[StoredReport] = ()
    instances: Instances = dataclasses.field(default_factory=Instances)
    use: Use = dataclasses.field(default_factory=Use)


def read(words: Wording, note: str = "") -> Page:
    """Read everything once.

    :param note: an answer of :data:`NOTES`; anything else for none.
    """
    now = timezone.now()
    state = stored.state()
    known = _Stored() if state is None else _read_stored(state, now)
    found = findings.find(known.reports, known.instances.running)
    work, synced = jobs.read(), syncs.read()
    interval = float(context.current().settings.check_interval)
    troubles = [
        *tables.instance_troubles(known.instances, found, words, interval=interval),
        *tables.job_troubles(work, words),
        *tables.sync_troubles(synced, words),
    ]
    judged = verdict.judge(found, troubles, words, interval=interval, stored=state is not None)
    return Page(
        top=_top(judged, found, words),
        note=words.text(NOTES[note]) if note in NOTES else "",
        stale=words.text("stale.message", moment=words.moment(now)),
        upgrade=_upgrade(known.instances, words),
        may_examine=bool(state and interval),
        instances=tables.instances(known.instances, words),
        use=charted.card(known.use, words),
        slow_pages=charted.slow_pages(known.use, words),
        charts=charted.charts(known.use, now, words),
        cards=measured.cards(found, known.use, words),
        jobs=tables.jobs_card(work, words),
        failed_jobs=tables.failed_jobs(work, words),
        syncs=tables.syncs(synced, words),
        categories=checked.categories(found, words),
        time_zone=timezone.get_current_timezone_name(),
    )


def _read_stored(state: State, now: dt.datetime) -> _Stored:
    return _Stored(
        reports=stored_reports.read(state),
        instances=instances.read(state),
        use=merge(minutes.totals(state), minutes.read(state, hours=1), now),
    )


def _top(judged: Verdict, found: Findings, words: Wording) -> Top:
    first = judged.first
    return Top(
        tone=judged.tone,
        headline=words.text(judged.key),
        basis="" if first else _basis(judged, found, words),
        first=None if first is None else checked.shown(first, words),
        others=[checked.shown(each, words) for each in judged.others],
        age="" if found.age is None else words.text("examined", ago=words.ago(found.age)),
    )


def _basis(judged: Verdict, found: Findings, words: Wording) -> str:
    """What stands below the headline if there is no trouble."""
    return words.text(
        judged.key.replace("verdict", "basis"),
        passed=words.number(found.number(Status.PASS)),
    )


def _upgrade(known: Instances, words: Wording) -> str:
    version = known.upgrading_to
    return words.text("upgrade.underWay", version=version) if version else ""
