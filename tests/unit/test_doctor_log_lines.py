"""The doctor's findings as log lines, which alerts read."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest

from kolibri_azure_plugin.doctor import catalogue, json_document, log_lines
from kolibri_azure_plugin.doctor.outcome import failed, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import Result
from kolibri_azure_plugin.errors.redaction import MASK, RedactingFilter, remember
from kolibri_azure_plugin.logs.formatters import FORMATTERS

CHECKS = {check.id: check for check in catalogue.CHECKS}

ENDS = warned(
    "Secret kolibri-database-url expires in 10 days.",
    cause="Key Vault still returns it after that date, but its owner expects a new one by then",
    remedy="az keyvault secret set --vault-name kolibri -n kolibri-database-url --file FILE "
    "--expires 2027-11-28",
    **{"kolibri-database-url_days_left": 10},
)

#: Fields that differ between lines.
OF_THE_MOMENT = ("time", "instance", "process")


@pytest.fixture(params=["json", "text"])
def log_format(request):
    return request.param


@pytest.fixture
def logged(log_format):
    """Log outcomes by their checks; returns the lines."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(FORMATTERS[log_format]())
    handler.addFilter(RedactingFilter())
    log_lines.logger.addHandler(handler)
    log_lines.logger.setLevel(logging.INFO)

    def log(**outcomes):
        results = [
            Result(CHECKS[f"azure.{name.replace('__', '.')}"], outcome, 1.0)
            for name, outcome in outcomes.items()
        ]
        log_lines.log(json_document.document(Report("0.1.0", "0.19.5", results))["checks"])
        return written.getvalue().splitlines()

    log.written = written
    yield log
    log_lines.logger.removeHandler(handler)


def only(log_format):
    return pytest.mark.parametrize("log_format", [log_format])


@only("json")
def test_the_page_shows_a_line_as_it_is(logged, repository):
    page = (repository / "docs" / "logs.md").read_text(encoding="utf-8")
    shown = json.loads(re.search(r"```json\n(.*)\n```", page)[1])
    (line,) = logged(vault__expiry=ENDS)
    printed = json.loads(line)
    assert list(printed) == list(shown)
    for field in OF_THE_MOMENT:
        del printed[field], shown[field]
    assert printed == shown


@only("json")
def test_the_page_names_every_field(logged, repository):
    page = (repository / "docs" / "logs.md").read_text(encoding="utf-8")
    named = {
        name
        for cell in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    for line in logged(vault__expiry=ENDS):
        assert set(json.loads(line)) <= named


@only("json")
def test_the_level_follows_the_status(logged):
    lines = logged(
        platform__memory=passed("Fine.", limit_bytes=1),
        content__media=skipped("there is none"),
        vault__expiry=ENDS,
        content__mount=failed("Gone.", cause="c", remedy="r"),
    )
    events = [json.loads(line) for line in lines]
    assert [(event["status"], event["level"]) for event in events] == [
        ("pass", "INFO"),
        ("skip", "INFO"),
        ("warn", "WARNING"),
        ("fail", "ERROR"),
    ]
    assert [event["scope"] for event in events] == [*["instance"] * 2, "deployment", "instance"]
    assert [("cause" in event, "remedy" in event) for event in events] == [
        *[(False, False)] * 2,
        *[(True, True)] * 2,
    ]
    assert ["measurements" in event for event in events] == [True, False, True, False]


@only("text")
def test_text_says_the_same_in_one_line(logged):
    (line,) = logged(content__mount=failed("Gone.", cause="one\ntwo", remedy="three", path="/x"))
    assert re.fullmatch(
        r"\S+Z ERROR   kolibri_azure_plugin\.doctor instance=\S+ request=- client=- Gone\. "
        r"\| check: azure\.content\.mount \| status: fail \| scope: instance \| cause: one\\ntwo "
        r"\| remedy: three \| docs: https://\S+ \| measurements: \{\"path\": \"/x\"\}",
        line,
    )


def test_no_secret_gets_into_a_field(logged):
    remember("a-well-known-secret")
    (line,) = logged(
        content__mount=failed(
            "m", cause="a-well-known-secret", remedy="r", name="a-well-known-secret"
        )
    )
    assert "a-well-known-secret" not in line
    assert line.count(MASK) == 2


@only("json")
def test_a_doctor_that_broke_is_a_line_for_the_same_alert(logged):
    log_lines.log_broken(Scope, "it ended with code 4")
    events = [json.loads(line) for line in logged.written.getvalue().splitlines()]
    assert [event["scope"] for event in events] == ["instance", "deployment"]
    for event in events:
        assert event["check"] == "azure.doctor"
        assert event["status"] == "fail"
        assert event["cause"] == "it ended with code 4"
        assert event["remedy"]
