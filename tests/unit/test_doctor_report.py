"""The doctor's reports: table, short report and JSON, and the output of each."""

from __future__ import annotations

import io
import json

import pytest

from kolibri_azure_plugin.doctor import json_document, short, table
from kolibri_azure_plugin.doctor.exit_code import exit_code_of
from kolibri_azure_plugin.doctor.outcome import blocked, failed, passed, skipped, warned
from kolibri_azure_plugin.doctor.progress import Progress
from kolibri_azure_plugin.doctor.registry import Check, Scope
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import Result

ESCAPE = "\033["

PLAIN = table.Style(coloured=False, unicode=True)


class Terminal(io.TextIOWrapper):
    """A stream that claims to be a terminal."""

    def __init__(self, encoding="utf-8"):
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self):
        return True


def result(name, outcome):
    check = Check(f"azure.{name}", "", Scope.INSTANCE, lambda _s: outcome, 1.0, (), (), False)
    return Result(check, outcome, 1.5)


@pytest.fixture
def report():
    return Report(
        "1.2.3",
        "0.19.5",
        [
            result("vault.one", passed("It is “fine”.", answer_ms=2.5)),
            result("vault.two", warned("It ends.", cause="a date", remedy="set it")),
            result("vault.three", failed("It is gone.", cause="why\nmore", remedy="one\ntwo")),
            result("vault.four", blocked("azure.vault.three")),
            result("vault.five", blocked("azure.vault.three")),
            result("platform.six", skipped("there is none")),
        ],
    )


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_the_table_is_grouped_and_ends_with_the_summary_and_where_to_begin(report):
    assert table.render(report, PLAIN) == (
        "vault\n"
        "  ✓ one: It is “fine”.\n"
        "  ! two: It ends.\n"
        "    cause:      a date\n"
        "    fix:        set it\n"
        f"    more:       {report.results[1].check.documentation}\n"
        "  ✗ three: It is gone.\n"
        "    cause:      why\n"
        "                more\n"
        "    fix:        one\n"
        "                two\n"
        f"    more:       {report.results[2].check.documentation}\n"
        "  - four, five: needs azure.vault.three\n"
        "\n"
        "platform\n"
        "  - six: there is none\n"
        "\n"
        "1 passed, 1 warning, 1 failed, 3 skipped (Kolibri 0.19.5, plugin 1.2.3)\n"
        "begin with azure.vault.three: It is gone.\n"
    )


def test_a_terminal_gets_colours(report):
    style = table.Style.of(Terminal())
    assert f"{ESCAPE}31m✗{ESCAPE}0m" in table.render(report, style)


@pytest.mark.parametrize(
    "stream, variables",
    [
        (io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), {}),
        (Terminal(), {"NO_COLOR": "1"}),
        (Terminal(), {"TERM": "dumb"}),
    ],
    ids=["a file", "NO_COLOR", "a dumb terminal"],
)
def test_no_colours_for(stream, variables, report, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ESCAPE not in table.render(report, table.Style.of(stream))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_ascii_where_the_terminal_can_do_no_more(encoding, report):
    style = table.Style.of(Terminal(encoding))
    rendered = table.render(report, style)
    rendered.encode("ascii")
    assert "XX" in rendered
    assert "ok" in rendered


def test_the_short_report_has_a_line_for_each_problem_and_the_summary(report):
    assert short.render(report) == (
        "WARN azure.vault.two: It ends: a date -> set it\n"
        "FAIL azure.vault.three: It is gone: why -> one\n"
        "1 passed, 1 warning, 1 failed, 3 skipped\n"
    )


def test_the_json_report_is_one_document(report):
    document = json.loads(json_document.render(report))
    assert document["counts"] == {"pass": 1, "warn": 1, "fail": 1, "skip": 3}
    assert document["checks"][0]["measurements"] == {"answer_ms": 2.5}


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only_and_cleared(is_terminal, monkeypatch, report):
    stream = Terminal() if is_terminal else io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stderr", stream)
    progress = Progress(6)
    progress.tell(report.results[0])
    progress.clear()
    stream.flush()
    shown = stream.buffer.getvalue().decode()
    assert ("1/6 azure.vault.one" in shown) is is_terminal
    assert shown == "" or shown.endswith("\r\033[K")


@pytest.mark.parametrize(
    "outcomes, level, code",
    [
        ([passed("")], "warning", 0),
        ([passed(""), skipped("")], "warning", 0),
        ([warned("", cause="", remedy="")], "error", 0),
        ([warned("", cause="", remedy="")], "warning", 2),
        ([warned("", cause="", remedy=""), failed("", cause="", remedy="")], "warning", 1),
        ([failed("", cause="", remedy="")], "error", 1),
    ],
)
def test_the_exit_code_says_how_it_went(outcomes, level, code):
    results = [result(f"vault.{n}", outcome) for n, outcome in enumerate(outcomes)]
    assert exit_code_of(Report("", "", results), level) == code
