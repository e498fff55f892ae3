"""Database, share, certificates, secrets and backups, as the doctor last measured them."""

from __future__ import annotations

from collections.abc import Iterator

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.web.status.cards import Card, Fact
from kolibri_azure_plugin.web.status.findings import Finding, Findings
from kolibri_azure_plugin.web.status.language import ENGLISH, Wording
from kolibri_azure_plugin.web.status.use import Use
from kolibri_azure_plugin.web.status.verdict import TONES

#: The ends of the names under which `azure.vault.expiry` gives the days of each secret.
DAYS_LEFT, AGE_DAYS = "_days_left", "_age_days"


def cards(findings: Findings, use: Use, words: Wording) -> list[Card]:
    """The cards, in the order of the page."""
    return [
        _card("database", _database(findings, use, words), words),
        _card("share", _share(findings, words), words),
        _card("expiry", _expiry(findings, words), words),
        _card("backup", _backup(findings, words), words),
    ]


def _card(name: str, facts: Iterator[Fact], words: Wording) -> Card:
    return Card(name, words.text(f"{name}.title"), list(facts), words.text("noMeasurement"))


def _database(findings: Findings, use: Use, words: Wording) -> Iterator[Fact]:
    size = use.database_bytes or findings.measured("database.size", "bytes")
    if size is not None:
        yield _fact("database.size", words.size(size), words, findings.of("database.size"))
    used = use.connections or findings.measured("database.connections", "used")
    most = findings.measured("database.connections", "max_connections")
    if used is not None:
        value = words.number(used)
        if most is not None:
            value = words.text("of", part=value, whole=words.number(most))
        found = findings.of("database.connections")
        yield _fact("database.connections", value, words, found)
    longest = findings.measured("database.transactions", "longest_s")
    if longest is not None:
        found = findings.of("database.transactions")
        yield _fact("database.longest", words.period(longest), words, found)
    yield from _in_words("database.migrations", "database.migrations", findings, words)
    milliseconds = findings.measured("database.round_trip", "median_ms")
    if milliseconds is not None:
        value = words.text("unit.ms", count=words.number(milliseconds, digits=1))
        found = findings.of("database.round_trip")
        yield _fact("database.roundTrip", value, words, found)


def _share(findings: Findings, words: Wording) -> Iterator[Fact]:
    for finding in findings.of("content.mount"):
        yield _sentence("share.mounted", finding, words)
    for finding in findings.of("content.access"):
        yield _sentence("share.probe", finding, words)
    free = findings.measured("content.space", "free_bytes")
    total = findings.measured("content.space", "total_bytes")
    if free is not None and total is not None:
        value = words.text("of", part=words.size(free), whole=words.size(total))
        yield _fact("share.free", value, words, findings.of("content.space"))
    read = findings.measured("content.throughput", "read_mib_s")
    write = findings.measured("content.throughput", "write_mib_s")
    if read is not None and write is not None:
        value = words.text(
            "share.speeds",
            read=words.text("unit.mibPerSecond", count=words.number(read, digits=1)),
            write=words.text("unit.mibPerSecond", count=words.number(write, digits=1)),
        )
        yield _fact("share.throughput", value, words, findings.of("content.throughput"))


def _expiry(findings: Findings, words: Wording) -> Iterator[Fact]:
    days = findings.measured("database.tls", "days_left")
    if days is not None:
        value = words.text("expiry.daysLeft", count=words.number(days))
        yield _fact("expiry.certificate", value, words, findings.of("database.tls"))
    found = findings.of("vault.expiry")
    measured = {name: days for each in found for name, days in each.measurements.items()}
    names = dict.fromkeys(
        name.removesuffix(end)
        for name in measured
        for end in (DAYS_LEFT, AGE_DAYS)
        if name.endswith(end)
    )
    for name in names:
        left, age = measured.get(name + DAYS_LEFT), measured.get(name + AGE_DAYS)
        value = words.text("expiry.never")
        if left is not None:
            value = words.text("expiry.daysLeft", count=words.number(left))
        note = "" if age is None else words.text("expiry.age", count=words.number(age))
        # The finding is about all secrets, so its tone fits only one that expires.
        tone = TONES[found[0].status] if left is not None else TONES[Status.PASS.value]
        yield Fact(words.text("expiry.secret", name=name), value, note, tone)


def _backup(findings: Findings, words: Wording) -> Iterator[Fact]:
    newest = findings.measured("kolibri.backups", "newest_age_h")
    if newest is not None:
        is_verified = findings.measured("kolibri.backups", "newest_verified")
        yield Fact(words.text("backup.newest"), words.ago(newest * 3600))
        yield Fact(words.text("backup.verified"), words.text("yes" if is_verified else "no"))
    # The check judges the newest verified one, so its tone belongs here.
    hours = findings.measured("kolibri.backups", "age_h")
    if hours is not None:
        found = findings.of("kolibri.backups")
        yield _fact("backup.newestVerified", words.ago(hours * 3600), words, found)
    else:
        yield from _in_words("backup.newestVerified", "kolibri.backups", findings, words)
    number = findings.measured("kolibri.backups", "backups")
    if number is not None:
        yield Fact(words.text("backup.number"), words.number(number))


def _fact(label: str, value: str, words: Wording, found: list[Finding]) -> Fact:
    """A fact with the tone of the check that measured it."""
    return Fact(words.text(label), value, tone=TONES[found[0].status] if found else None)


def _in_words(label: str, check: str, findings: Findings, words: Wording) -> Iterator[Fact]:
    """What the doctor says, where it measures nothing."""
    for finding in findings.of(check):
        yield _sentence(label, finding, words)


def _sentence(label: str, finding: Finding, words: Wording) -> Fact:
    return Fact(
        words.text(label),
        finding.message,
        note=", ".join(finding.instances),
        tone=TONES[finding.status],
        language=ENGLISH,
    )
