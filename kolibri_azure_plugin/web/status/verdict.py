"""The sentence at the top of the page: all is well, or what is wrong, and what to do first."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.web.status.findings import Finding, Findings
from kolibri_azure_plugin.web.status.language import Wording


class Tone(str, enum.Enum):
    """How the page looks at its top, and how each outcome looks."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


#: The tone of each status of a check.
TONES = {
    Status.FAIL.value: Tone.BAD,
    Status.WARN.value: Tone.WARNING,
    Status.PASS.value: Tone.GOOD,
    Status.SKIP.value: Tone.UNKNOWN,
}


@dataclasses.dataclass(frozen=True)
class Trouble:
    """One thing that is wrong.

    :param message: one sentence.
    :param cause: in English, as the machines say it.
    :param remedy: what to do.
    :param docs: the address of a page about it.
    :param language: of message and remedy; empty for that of the page.
    :param instances: those that it is about; empty for the deployment.
    """

    tone: Tone
    message: str
    cause: str = ""
    remedy: str = ""
    docs: str = ""
    language: str = ""
    since: dt.datetime | None = None
    instances: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The state of everything.

    :param key: the message that says it.
    :param first: what to do something about first.
    :param others: the other troubles.
    """

    tone: Tone
    key: str
    first: Trouble | None = None
    others: Sequence[Trouble] = ()


def judge(
    findings: Findings,
    others: Sequence[Trouble],
    words: Wording,
    *,
    interval: float,
    stored: bool = True,
) -> Verdict:
    """The verdict on what the doctor has found, and on other troubles.

    :param interval: seconds between two reports; 0 if the doctor examines only on request.
    :param stored: whether reports can be stored at all.
    """
    if is_late(findings, interval):
        return _judge_late(findings, others, words, interval)
    troubles = in_order([*map(trouble_of, findings.problems), *others])
    if troubles:
        return _verdict(troubles)
    if not stored:
        return Verdict(Tone.UNKNOWN, "verdict.nothingStored")
    if findings.age is None:
        key = "verdict.noReport" if interval else "verdict.noRounds"
        return Verdict(Tone.UNKNOWN, key)
    return Verdict(Tone.GOOD, "verdict.good")


def _judge_late(
    findings: Findings, others: Sequence[Trouble], words: Wording, interval: float
) -> Verdict:
    """The verdict while the doctor is silent, at least on one instance.

    Only what newer reports call broken comes before that: what an old report says may no longer
    be so.
    """
    fresh = [each for each in findings.problems if each.age <= allowed_silence(interval)]
    old = [each for each in findings.problems if each.age > allowed_silence(interval)]
    silence = Trouble(
        Tone.WARNING,
        words.text("late.trouble", ago=words.ago(findings.age or 0.0)),
        remedy=words.text("instances.remedy"),
    )
    now = in_order([silence, *map(trouble_of, fresh), *others])
    verdict = _verdict([*now, *map(trouble_of, old)])
    return dataclasses.replace(verdict, key="verdict.late") if now[0] is silence else verdict


def _verdict(troubles: Sequence[Trouble]) -> Verdict:
    """The verdict on troubles in their order; it is as bad as the worst."""
    if any(trouble.tone is Tone.BAD for trouble in troubles):
        return Verdict(Tone.BAD, "verdict.broken", troubles[0], troubles[1:])
    return Verdict(Tone.WARNING, "verdict.attention", troubles[0], troubles[1:])


#: An examination takes a while on a busy machine, and the next one waits for it.
LATE_ROUNDS = 3
LATE_SECONDS = 600


def is_late(findings: Findings, interval: float) -> bool:
    """Whether the doctor has been silent for longer than its rounds allow."""
    if not interval or findings.age is None:
        return False
    return findings.age > allowed_silence(interval)


def allowed_silence(interval: float) -> float:
    """Seconds that a report may take to come."""
    return LATE_ROUNDS * interval + LATE_SECONDS


def trouble_of(finding: Finding) -> Trouble:
    """A problem that the doctor has found, in its own words, which are English."""
    return Trouble(
        tone=TONES[finding.status],
        message=finding.message,
        cause=finding.cause,
        remedy=finding.remedy,
        docs=finding.docs,
        language="en",
        since=finding.since,
        instances=finding.instances,
    )


def in_order(troubles: Sequence[Trouble]) -> list[Trouble]:
    """Those that are broken first; within each kind, in the order given."""
    return sorted(troubles, key=lambda trouble: trouble.tone is not Tone.BAD)
