"""arm/preflight says what would refuse a deployment, and changes nothing.

The golden files are written anew with ``KOLIBRI_AZURE_WRITE_GOLDEN=1`` and these tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

from tests.arm import preflight_azure as stand_in
from tests.arm.conftest import NAMES
from tests.arm.preflight_azure import GROUP_ID, REPOSITORY
from tests.arm.preflight_scenarios import OWN, SCENARIOS

GOLDEN = REPOSITORY / "tests/golden/preflight"
WRITES = bool(os.environ.get("KOLIBRI_AZURE_WRITE_GOLDEN"))

#: A tag that the repository of the tests has.
REF = "v1.2.3"

#: Numbers that follow from the template's size.
COUNTED = re.compile(r"\d+(?= (services|kinds of resource)\b)|(?<=and )\d+(?= more)")

#: Where the tests keep what https addresses lead to.
FOLDER = re.compile(r"/\S+(?=/git\.example\.org/)")

#: The only words of az that make a request which does more than read; what they ask makes nothing.
QUESTIONS = re.compile(
    r"/providers/(Microsoft\.Web/checknameavailability|Microsoft\.KeyVault/checkNameAvailability"
    r"|Microsoft\.DBforPostgreSQL/locations/\w+/checkNameAvailability"
    r"|Microsoft\.PolicyInsights/checkPolicyRestrictions)\?api-version="
)

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "jq", "git"))), reason="needs bash, jq and git"
)


@pytest.fixture(scope="session")
def git_addresses(tmp_path_factory):
    """Repositories for the addresses of the tests, in the place of those at https addresses."""
    folder = tmp_path_factory.mktemp("git")
    work = folder / "work"
    bare = folder / "git.example.org/schools/kolibri.git"
    identity = {"NAME": "Somebody", "EMAIL": "somebody@example.org", "DATE": "2026-11-01T12:00:00Z"}
    environment = {
        **os.environ,
        **{f"GIT_{who}_{key}": v for who in ("AUTHOR", "COMMITTER") for key, v in identity.items()},
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }

    def git(*words, at=work):
        subprocess.run(["git", *words], cwd=at, env=environment, check=True, capture_output=True)

    work.mkdir()
    git("init", "-b", "main")
    (work / "README.md").write_text("Kolibri\n", encoding="utf-8")
    git("add", "README.md")
    git("commit", "-m", "Begin")
    git("tag", "-a", REF, "-m", "A version")
    git("tag", "release-1")
    git("clone", "--bare", str(work), str(bare), at=folder)
    return str(folder)


@pytest.fixture
def look(tmp_path, git_addresses):
    """Run a scenario; the answer is the finished process, and ``look.azure`` the stand-in."""

    def run(
        values=(), *options, arrange=lambda _azure: None, template="production", group="kolibri"
    ):
        look_at = NAMES[template]
        azure = run.azure = stand_in.all_well(tmp_path / "bin", look_at)
        arrange(azure)
        given = {"repository": "https://git.example.org/schools/kolibri.git", "ref": REF}
        file = stand_in.parameters(tmp_path, **{**given, **dict(values)})
        ended = stand_in.run(
            azure,
            file,
            "--template",
            str(look_at),
            *options,
            git_addresses=git_addresses,
            group=group,
        )
        assert not azure.refused(), ended.stdout + ended.stderr
        return ended

    return run


def settled(text):
    return FOLDER.sub("/FOLDER", COUNTED.sub("N", text))


def compare(name, text):
    path = GOLDEN / name
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def as_json(document):
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def schema():
    text = (REPOSITORY / "docs/preflight.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def checks():
    """The ids of all checks less ``preflight.``, in their order."""
    source = stand_in.PREFLIGHT.read_text(encoding="utf-8")
    return re.findall(r"^(\w+)\|\w+\|\w+\|", source, re.MULTILINE)


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
        assert "is yet to be made, in westeurope" in ended.stdout
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


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
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
    """all-pass has every check passing, or skipped where there is nothing to look at."""
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
        "nobody-signed-in",
        "much-is-wrong",
    }
    assert {path.stem for path in GOLDEN.iterdir()} == named


def test_nobody_signed_in_leaves_what_git_knows(look):
    ended = look((), arrange=SCENARIOS["account"].arrange)
    assert ended.returncode == 1
    compare("nobody-signed-in.txt", settled(ended.stdout))


class TestExitCodes:
    def test_warnings_count_where_they_are_asked_for(self, look):
        arrange = SCENARIOS["builds--sponsored"].arrange
        ended = look((), "--only", "builds", "--fail-level", "warning", arrange=arrange)
        assert ended.returncode == 2

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--nonsense",), "there is no option --nonsense"),
            (("--format", "xml"), "--format is text or json, not xml"),
            (("--only", "preflight.nonsense"), "there is no check nonsense"),
            (("--fail-level",), "--fail-level needs a value"),
            (("second.json",), "one parameters file is expected"),
            (("--template", "kolibri.parameters.json"), "is no template that can be read"),
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

    def test_a_file_that_is_no_parameters_file(self, tmp_path):
        file = tmp_path / "kolibri.parameters.json"
        file.write_text("{}", encoding="utf-8")
        azure = stand_in.all_well(tmp_path / "bin", NAMES["production"])
        ended = stand_in.run(azure, file)
        assert ended.returncode == 3
        assert "is no parameters file" in ended.stderr

    def test_an_answer_of_another_form_is_no_pass_and_ends_no_other_check(self, look):
        ended = look((), arrange=lambda azure: azure.answer("storage sku list", {"value": 1}))
        assert ended.returncode == 4
        assert "WARN preflight.storage: This could not be looked at." in ended.stdout
        assert "PASS preflight.vault_name" in ended.stdout

    def test_without_az(self, tmp_path):
        programs = tmp_path / "bin"
        programs.mkdir()
        for program in ("bash", "dirname", "jq", "rm", "cat", "sed"):
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
    calls = [*look.azure.calls()]
    look(OWN, arrange=SCENARIOS["image--there"].arrange)
    calls += look.azure.calls()
    assert len(calls) > 20
    for call in calls:
        if call[0] == "rest":
            method, url = call[call.index("--method") + 1], call[call.index("--url") + 1]
            assert method == "get" or QUESTIONS.search(url), call
        else:
            verb = next(word for word in reversed(call[: _options(call)]) if word)
            assert re.fullmatch(r"show|list|list-\w+|check-name", verb), call


def _options(call):
    """Where a call's options begin."""
    return next((place for place, word in enumerate(call) if word.startswith("--")), len(call))


VIRTUAL_MACHINE = (
    "/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/"
    "rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201"
)


class TestNames:
    """Azure gives names away once, so they are asked for as the template makes them."""

    #: Published by others who have compared theirs with Azure's.
    PAIRS = (
        (("test",), "rbgf3xv4ufgzg"),
        (("abc",), "cgtzqvhu4i23s"),
        (("hello", "world"), "a7wkljktk6wne"),
        (("foo", "bar", "baz"), "xzi4ioaxtmth4"),
        (
            ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg",),
            "bmg7c6xu4tw46",
        ),
        ((VIRTUAL_MACHINE,), "yvjxno3je5on2"),
    )  # fmt: skip

    @pytest.mark.parametrize(("texts", "expected"), PAIRS)
    def test_unique_string(self, texts, expected):
        source = stand_in.PREFLIGHT.with_name("preflight.d") / "unique_string.sh"
        script = f'set -euo pipefail; source "{source}"; unique_string "$@"'
        printed = subprocess.run(
            ["bash", "-c", script, "bash", *texts], capture_output=True, text=True, check=True
        )
        assert printed.stdout.strip() == expected

    @pytest.mark.parametrize("template", NAMES)
    @pytest.mark.parametrize(
        "values",
        [
            {"name": "kolibri"},
            {"name": "A-very-long-Name-123"},
            {"name": "0school-1", "vaultName": "kv-second", "databaseServerName": "Restored-db"},
        ],
    )
    def test_they_are_the_templates(self, look, checker, template, values):
        declared = json.loads(NAMES[template].read_text(encoding="utf-8"))
        values = {name: value for name, value in values.items() if name in declared["parameters"]}
        made = checker.evaluate(
            declared, {**values, "superuserPassword": "twelve characters"}
        ).resources
        look(values, template=template)
        asked = {name for name in map(_name_asked_for, look.azure.calls()) if name}
        kinds = {
            "Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults",
            "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.ContainerRegistry/registries",
        }  # fmt: skip
        expected = {each.name for each in made if each.type in kinds}
        theirs = next(each.name for each in made if each.symbol == "plan").split("-")[-2]
        ours = _suffix(values["name"])
        assert asked == {name.replace(theirs, ours) for name in expected}


def _suffix(name):
    source = stand_in.PREFLIGHT.with_name("preflight.d") / "unique_string.sh"
    script = f'source "{source}"; unique_string "$@"'
    return subprocess.run(
        ["bash", "-c", script, "bash", GROUP_ID, name.lower()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout[:8]


def _name_asked_for(call):
    if "check-name" in call:
        return call[call.index("--name") + 1]
    if "--body" in call:
        return json.loads(call[call.index("--body") + 1]).get("name")
    return None


class TestPolicies:
    def test_azure_policy_is_asked_about_what_the_template_makes(self, look, checker, production):
        values = {
            "size": "medium",
            "administratorAddresses": ["203.0.113.7"],
            "tags": {"owner": "ministry"},
        }
        look(values, "--only", "policies")
        made = {
            each.symbol: each
            for each in checker.evaluate(
                production, {**values, "superuserPassword": "twelve characters"}
            ).resources
        }
        bodies = [
            json.loads(call[call.index("--body") + 1])
            for call in look.azure.calls()
            if "--body" in call
        ]
        assert len(bodies) == 6
        for body in bodies:
            content = body["resourceDetails"]["resourceContent"]
            resource = next(
                each
                for each in made.values()
                if each.type == content["type"] and each.symbol != "contentApp"
            )
            assert body["resourceDetails"]["apiVersion"] == resource.version
            assert content.get("kind") == resource.body.get("kind")
            assert content.get("sku") == resource.body.get("sku")
            assert _is_part_of(content["properties"], resource.properties), resource.symbol
            assert content["tags"]["owner"] == "ministry"
        storage = next(
            b
            for b in bodies
            if "storage" in b["resourceDetails"]["resourceContent"]["type"].lower()
        )
        assert (
            storage["resourceDetails"]["resourceContent"]["properties"]["allowSharedKeyAccess"]
            is True
        )
        assert storage["pendingFields"][0]["values"] == ["true"]


def _is_part_of(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _is_part_of(value, whole[key]) for key, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(
            any(_is_part_of(one, other) for other in whole) for one in part
        )
    return part == whole


def test_the_page_lists_every_check():
    page = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    section = page.partition("\n## A look before the click\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == checks()
