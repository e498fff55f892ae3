"""The doctor's findings and other troubles as the page shows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.utils import timezone

from kolibri_azure_plugin.web.status.findings import Finding, Findings
from kolibri_azure_plugin.web.status.language import Wording
from kolibri_azure_plugin.web.status.verdict import TONES, Tone, Trouble, trouble_of


@dataclasses.dataclass(frozen=True)
class ShownTrouble:
    """A trouble with its time and place in words."""

    trouble: Trouble
    since: str
    place: str


@dataclasses.dataclass(frozen=True)
class ShownFinding:
    """The outcome of a check.

    :param expected: what is right when it passes.
    """

    id: str
    tone: Tone
    expected: str
    shown: ShownTrouble

    @property
    def is_problem(self) -> bool:
        return self.tone in (Tone.BAD, Tone.WARNING)


@dataclasses.dataclass(frozen=True)
class Category:
    """A category of checks, with the worst outcome among them.

    :param summary: how many of them passed.
    """

    id: str
    title: str
    tone: Tone
    summary: str
    findings: Sequence[ShownFinding]


#: The worst first.
TONES_IN_ORDER = (Tone.BAD, Tone.WARNING, Tone.GOOD, Tone.UNKNOWN)


def shown(trouble: Trouble, words: Wording) -> ShownTrouble:
    return ShownTrouble(trouble, _since(trouble, words), _place(trouble, words))


def categories(findings: Findings, words: Wording) -> list[Category]:
    """The checks by category, in the doctor's order."""
    return [_category(name, found, words) for name, found in findings.by_category().items()]


def _category(name: str, found: Sequence[Finding], words: Wording) -> Category:
    tones = [TONES[finding.status] for finding in found]
    known = f"category.{name}"
    return Category(
        id=name,
        title=words.text(known) if known in words.texts else name,
        tone=min(tones, key=TONES_IN_ORDER.index),
        summary=words.text(
            "checks.passed",
            passed=words.number(tones.count(Tone.GOOD)),
            total=words.number(len(tones)),
        ),
        # Python's sort keeps the doctor's order within each kind.
        findings=[
            _finding(finding, words)
            for finding in sorted(found, key=lambda each: not each.is_problem)
        ],
    )


def _finding(finding: Finding, words: Wording) -> ShownFinding:
    trouble = trouble_of(finding)
    return ShownFinding(finding.id, trouble.tone, finding.description, shown(trouble, words))


def _since(trouble: Trouble, words: Wording) -> str:
    if trouble.since is None:
        return ""
    seconds = max(0.0, (timezone.now() - trouble.since).total_seconds())
    return words.text("since", moment=words.moment(trouble.since), period=words.period(seconds))


def _place(trouble: Trouble, words: Wording) -> str:
    if not trouble.instances:
        return ""
    return words.text("onInstances", names=", ".join(trouble.instances))
