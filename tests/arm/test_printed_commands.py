"""The real az accepts every command that the project prints or documents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from devtools import azure_cli
from devtools.azure_cli.verdicts import EXTENSIONS
from tests.arm.conftest import NAMES

#: Commands to which a parameter of the template is added.
DEPLOY = (
    *("deployment", "group", "create", "-g", "GROUP", "-n", "kolibri"),
    *("--template-file", "arm/prod_deployment_template.json"),
    *("--parameters", "@kolibri.parameters.json", "--parameters"),
)

#: jq's exit codes for options or programs that it does not understand.
REFUSED_BY_JQ = (2, 3)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def az():
    try:
        return azure_cli.AzureCli()
    except azure_cli.AzureCliMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def collected():
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    return azure_cli.collect(azure_cli.everywhere())


@pytest.fixture(scope="module")
def commands(collected):
    return [each for each in collected.printed if each.program == "az"]


@pytest.fixture(scope="module")
def verdicts(az, commands):
    return az.judge(each.words for each in commands)


@pytest.fixture
def say(counts):
    """Print text even if pytest captures output."""
    return counts


def found_where(commands, verdicts, is_wrong):
    """The commands with this verdict, each with its places and az's output."""
    return "\n\n".join(
        f"{verdict.command}\n{sorted({each.place for each in commands if each.words == words})}\n"
        f"{verdict.words}"
        for words, verdict in verdicts.items()
        if is_wrong(verdict)
    )


def test_az_understands_every_command(commands, verdicts, say):
    own = [each for each in verdicts.values() if not each.extension]
    of_extensions = [each for each in verdicts.values() if each.extension]
    refused = [each for each in own if not each.accepted]
    untried = [each for each in of_extensions if each.accepted is None]
    say(
        f"commands of az: {len(commands)} in {len({each.place for each in commands})} places; "
        f"of az's own {len(own)} different ones, {len(refused)} refused; of extensions "
        f"{len(of_extensions)}, {len(untried)} not tried for want of the extension"
    )
    wrong = found_where(commands, verdicts, lambda verdict: verdict.accepted is False)
    assert not wrong, wrong
    assert len(own) > 150


@pytest.mark.skipif(
    "AZURE_EXTENSION_DIR" not in os.environ,
    reason="no AZURE_EXTENSION_DIR says where the extensions of az are",
)
def test_every_command_of_an_extension_is_tried(verdicts):
    untried = [each for each in verdicts.values() if each.extension and each.accepted is None]
    assert untried == []


def test_each_query_finds_something(commands, verdicts, say):
    looking = {
        words: verdict
        for words, verdict in verdicts.items()
        if "--query" in words and verdict.accepted
    }
    lost = [each for each in looking.values() if not each.finds]
    say(f"queries: {len(looking)} different commands, {len(lost)} of them find nothing")
    wrong = found_where(commands, looking, lambda verdict: not verdict.finds)
    assert not wrong, f"Azure's answers are those of devtools/azure_cli/answers.py\n{wrong}"
    assert len(looking) > 30


def test_az_accepts_the_commands_that_a_deployment_prints(
    az, checker, combinations, evaluated, say
):
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    tests = [checker.evaluate(template, values) for values in combinations[NAMES["test"]]]
    examples = [
        example
        for name, deployments in (("production", evaluated), ("test", tests))
        for deployment in deployments
        for example in azure_cli.in_outputs(name, deployment.outputs)
    ]
    printed, missed = azure_cli.collect(dict.fromkeys(examples))
    verdicts = az.judge(each.words for each in printed)
    say(f"commands in outputs: {len(verdicts)} different ones")
    wrong = found_where(printed, verdicts, lambda verdict: not verdict.accepted)
    assert not wrong, wrong
    assert missed == []
    assert {each.place for each in printed} == {
        "production, output azureCheckCommand",
        "test, output removeCommand",
    }


def test_az_refuses_unknown_arguments(az):
    mistakes = [
        ("webapp", "restart", "-g", "GROUP"),
        ("webapp", "restart", "-g", "GROUP", "-n", "APP,", "or", "wait"),
        ("webapp", "show", "-g", "GROUP", "-n", "APP", "--query", "[].name["),
        ("postgres", "flexible-server", "db", "create", "-g", "GROUP", "-s", "SERVER"),
        ("storage", "share-rm", "list", "--storage-account", "ACCOUNT"),
        ("keyvault", "secret", "set", "--vault-name", "V", "-n", "N", "--expires", "TOMORROW"),
        ("webapp", "move", "-g", "GROUP", "-n", "APP"),
        (*DEPLOY, "nonsense=1"),
    ]
    assert [each.accepted for each in az.judge(mistakes).values()] == [False] * len(mistakes)


def test_a_query_finds_nothing_where_az_has_no_such_property(az):
    mistakes = [
        ("webapp", "show", "-g", "GROUP", "-n", "APP", "--query", "appServicePlanId"),
        ("keyvault", "list", "--query", "[].properties.vaultUri"),
        ("identity", "list", "--query", "[].{name: name, client: client}"),
    ]
    assert [each.finds for each in az.judge(mistakes).values()] == [False] * len(mistakes)


def test_every_command_that_is_shown_can_be_pasted(collected):
    assert not collected.missed, "\n\n".join(collected.missed)


def test_no_sentence_goes_on_behind_a_command(commands):
    """Options with several values would swallow the words of the sentence, too."""
    assert [each for each in commands for word in each.words if word.endswith((",", ";"))] == []


def test_jq_understands_every_program(collected):
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    programs = {each.words: each.place for each in collected.printed if each.program == "jq"}
    refused = [
        f"{place}: {done.stderr}"
        for words, place in programs.items()
        for done in [subprocess.run(["jq", *words], input=b"", capture_output=True, check=False)]
        if done.returncode in REFUSED_BY_JQ
    ]
    assert programs
    assert refused == []


def test_commands_of_an_extension_follow_the_command_that_adds_it(commands):
    added = {(each.place, each.words[-1]) for each in commands if each.words[0] == "extension"}
    used = {
        (each.place, EXTENSIONS[each.words[0]]) for each in commands if each.words[0] in EXTENSIONS
    }
    assert used
    assert used <= added


def test_the_groups_of_extensions_are_those_that_the_commands_use(commands):
    assert {each.words[0] for each in commands} & set(EXTENSIONS) == set(EXTENSIONS)
