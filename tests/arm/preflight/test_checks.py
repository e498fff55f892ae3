"""The output of each check."""

from __future__ import annotations

import json
import re

import pytest

from tests.arm.conftest import NAMES
from tests.arm.preflight import SCENARIOS
from tests.arm.preflight import azure as stand_in
from tests.arm.preflight.azure import REPOSITORY, checks
from tests.arm.preflight.golden import GOLDEN, as_json, compare, settled
from tests.long_forms import each_or


class TestWhereNothingStandsInTheWay:
    @pytest.mark.parametrize("template", NAMES)
    def test_every_check_passes_or_has_nothing_to_look_at(self, look, schema, template):
        ended = look((), template=template)
        assert (ended.returncode, ended.stderr) == (0, "")
        compare(f"all-pass--{template}.txt", settled(ended.stdout))

        document = json.loads(look((), "--format", "json", template=template).stdout)
        schema.validate(document)
        assert [check["id"] for check in document["checks"]] == [
            f"preflight.{name}" for name in checks()
        ]
        compare(f"all-pass--{template}.json", settled(as_json(document)))

    def test_a_subscription_without_the_group_is_asked_instead_of_it(self, look):
        def no_group(azure):
            azure.refuse("group show --name kolibri", stand_in.NO_GROUP, code=3)

        ended = look((), "--location", "West Europe", arrange=no_group)
        assert ended.returncode == 0, ended.stdout
        assert "will be created, in westeurope" in ended.stdout
        asked = [call for call in look.azure.calls() if call[0] == "rest"]
        assert not [call for call in asked if "/resourceGroups/" in " ".join(call)]

    def test_large_deployment_fits_too(self, look):
        def roomy(azure):
            usage = stand_in.recorded("plan_usage")
            usage["value"].append({**usage["value"][1], "name": {"value": "P2v3"}})
            azure.answer(
                "rest --method get --url */Microsoft.Web/locations/westeurope/usages?*", usage
            )

        ended = look({"size": "large", "frontDoor": "premium"}, arrange=roomy)
        assert ended.returncode == 0, ended.stdout


#: The first variant of each check.
FIRST = [name for name in SCENARIOS if "--" not in name]


@pytest.mark.slow
@pytest.mark.parametrize("name", each_or(list(SCENARIOS), *FIRST))
def test_each_check_says_what_it_finds(look, name):
    scenario = SCENARIOS[name]
    options = ("--only", f"preflight.{scenario.check}", *scenario.options)
    ended = look(scenario.values, *options, arrange=scenario.arrange)
    assert "not to be shown" not in ended.stdout
    assert ended.returncode == (1 if scenario.status == "fail" else 0), ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert f"{scenario.status.upper()} preflight.{scenario.check}: " in ended.stdout
    compare(f"{name}.txt", settled(ended.stdout))


def test_json_says_the_same(look, schema):
    def much_is_wrong(azure):
        for name in (
            "rights",
            "providers",
            "plan_quota",
            "vault_name--deleted",
            "builds--sponsored",
        ):
            SCENARIOS[name].arrange(azure)

    text = look({"ref": "main"}, arrange=much_is_wrong)
    ended = look({"ref": "main"}, "--format", "json", arrange=much_is_wrong)
    assert ended.returncode == text.returncode == 1
    document = json.loads(ended.stdout)
    schema.validate(document)
    compare("much-is-wrong.json", settled(as_json(document)))
    lines = [
        f"{each['status'].upper()} {each['id']}: {each['message']}"
        + (f" ({each['cause']})" if each["cause"] else "")
        + (f" -> {each['remedy']}" if each["remedy"] else "")
        for each in document["checks"]
    ]
    assert text.stdout.splitlines()[: len(lines)] == lines


def test_scenarios_try_each_check_in_both_ways():
    """In all-pass, every check passes or does not apply."""
    passing = set(
        re.findall(
            r"^PASS preflight\.(\w+)",
            (GOLDEN / "all-pass--production.txt").read_text(),
            re.MULTILINE,
        )
    )
    passing |= {each.check for each in SCENARIOS.values() if each.status == "pass"}
    failing = {each.check for each in SCENARIOS.values() if each.status == "fail"}
    assert passing == set(checks())
    assert failing == set(checks())


def test_no_golden_file_is_left_over():
    named = {
        *SCENARIOS,
        *(f"all-pass--{template}" for template in NAMES),
        "not-signed-in",
        "much-is-wrong",
    }
    assert {path.stem for path in GOLDEN.iterdir()} == named


def test_without_a_sign_in_only_files_and_git_are_checked(look):
    ended = look((), arrange=SCENARIOS["account"].arrange)
    assert ended.returncode == 1
    compare("not-signed-in.txt", settled(ended.stdout))


def test_the_page_lists_every_check():
    page = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    section = page.partition("\n## Check before you deploy\n")[2].partition("\n## ")[0]
    table = section.partition("\n| check | passes when |\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == checks()
