"""arm/preflight's arguments and exit codes, and that it only reads."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from devtools import azure_cli
from devtools.azure_cli import lines, shell
from tests.arm.conftest import NAMES
from tests.arm.preflight import SCENARIOS
from tests.arm.preflight import azure as stand_in
from tests.arm.preflight.azure import REF
from tests.arm.preflight.golden import GOLDEN
from tests.arm.preflight.situations import OWN

#: The only queries that are not a GET; they create nothing either.
QUESTIONS = re.compile(
    r"/providers/(Microsoft\.Web/checknameavailability|Microsoft\.KeyVault/checkNameAvailability"
    r"|Microsoft\.DBforPostgreSQL/locations/\w+/checkNameAvailability"
    r"|Microsoft\.PolicyInsights/checkPolicyRestrictions)\?api-version="
)


class TestExitCodes:
    def test_warnings_count_where_they_are_asked_for(self, look):
        arrange = SCENARIOS["builds--sponsored"].arrange
        ended = look((), "--only", "builds", "--fail-level", "warning", arrange=arrange)
        assert ended.returncode == 2

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--nonsense",), "unknown option --nonsense"),
            (("--format", "xml"), "--format is text or json, not xml"),
            (("--only", "preflight.nonsense"), "unknown check nonsense"),
            (("--fail-level",), "--fail-level needs a value"),
            (("second.json",), "one parameters file is expected"),
            (("--template", "kolibri.parameters.json"), "is not a readable template"),
        ],
    )
    def test_wrong_usage(self, look, options, words):
        ended = look((), *options)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert words in ended.stderr

    def test_a_group_that_is_not_there_needs_a_region(self, look):
        ended = look((), arrange=SCENARIOS["group--new"].arrange)
        assert ended.returncode == 3
        assert "--location is needed" in ended.stderr

    @pytest.mark.parametrize("text", ["", "{}", "[]", "[1", '{"parameters": 1}'])
    def test_a_file_that_is_no_parameters_file(self, tmp_path, text):
        file = tmp_path / "kolibri.parameters.json"
        file.write_text(text, encoding="utf-8")
        azure = stand_in.all_well(tmp_path / "bin", NAMES["production"])
        ended = stand_in.run(azure, file)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "is not a parameters file" in ended.stderr

    def test_an_answer_of_another_form_is_no_pass_and_ends_no_other_check(self, look):
        ended = look(
            (),
            *("--only", "storage", "--only", "vault_name"),
            arrange=lambda azure: azure.answer("storage sku list", {"value": 1}),
        )
        assert ended.returncode == 4
        assert "WARN preflight.storage: This check broke." in ended.stdout
        assert "PASS preflight.vault_name" in ended.stdout

    def test_without_az(self, tmp_path):
        programs = tmp_path / "bin"
        programs.mkdir()
        for program in ("bash", "dirname", "jq", "rm", "mktemp"):
            (programs / program).symlink_to(shutil.which(program))
        ended = subprocess.run(
            [
                str(programs / "bash"),
                str(stand_in.PREFLIGHT),
                "file",
                "--resource-group",
                "kolibri",
            ],
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 4
        assert "needs az" in ended.stderr


def test_it_only_asks(look):
    look({"size": "large", "stagingRef": REF})
    look(OWN, arrange=SCENARIOS["image--there"].arrange)
    calls = look.azure.calls()
    assert len(calls) > 20
    for call in calls:
        if call[0] == "rest":
            method, url = call[call.index("--method") + 1], call[call.index("--url") + 1]
            assert method == "get" or QUESTIONS.search(url), call
        else:
            verb = next(word for word in reversed(call[: _options(call)]) if word)
            assert re.fullmatch(r"show|list|list-\w+|check-name", verb), call


@pytest.mark.slow
def test_az_accepts_the_commands_that_run_and_that_are_printed(look):
    try:
        az = azure_cli.AzureCli()
    except azure_cli.AzureCliMissingError as error:
        pytest.skip(str(error))
    look({"size": "large"})
    look(OWN, arrange=SCENARIOS["image--there"].arrange)
    asked = [tuple(call) for call in look.azure.calls()]
    told = [
        command
        for golden in GOLDEN.glob("*.txt")
        for line in golden.read_text(encoding="utf-8").splitlines()
        for command in lines.commands(line.partition(" -> ")[2])
    ]
    typed = [call.words for command in sorted(set(told)) for call in shell.calls(command)]
    assert len(asked) > 30
    assert len(typed) > 15
    refused = [each for each in az.judge(asked + typed).values() if not each.accepted]
    assert not refused, "\n".join(f"{each.command}\n{each.words}" for each in refused)


def _options(call):
    """The position of a call's first option."""
    return next((place for place, word in enumerate(call) if word.startswith("--")), len(call))
