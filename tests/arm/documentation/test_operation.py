"""The page of operation: later deployments, what they leave behind, and what deletes data."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import PAGES, chapter, page

#: Parameters for one deployment only; all others belong in the parameters file.
ONCE = {
    "administratorAddresses",
    "deleteLocks",
    "rewriteSecrets",
    "stagingImage",
    "stagingRef",
    "storageKey",
}

#: Commands that delete something for good.
DELETES_DATA = re.compile(
    r"az group delete|flexible-server delete|protection disable|unregister|lock delete|Overwrite"
    r"|share-rm delete|keyvault purge|keyvault delete|keyvault secret delete|repository delete"
    r"|acr delete|redisenterprise delete|afd profile delete|hostname delete"
)

#: Commands that delete a locked resource or a part of it, which inherits the lock; and the lock.
LOCKED = {
    r"az postgres flexible-server [^`\n]*\bdelete": "keep-the-database",
    r"az storage share(-rm)? delete": "keep-the-shares",
    r"az keyvault delete": "keep-the-vault",
}

#: Parts of the production template's conditions, and the choices that a user can reverse.
CHOICES = {
    "hasFrontDoor": "`frontDoor`",
    "hasSlot": "`stagingSlot`",
    "isBasicPlan": "`planSku`",
    "isBuilt": "`imageSource`",
    "hasPrivateRegistry": "`imageSource`",
    "ownDomains": "`customDomain`",
    "isWatched": "`contentCustomDomain`",
    "budgetAmount": "`budgetAmount`",
    "backupShares": "`backupShares`",
    "deleteLocks": "`deleteLocks`",
}

#: Conditions of resources that leave nothing behind.
LEAVES_NOTHING = {"rewriteSecrets"}


def test_the_page_lists_what_remains_after_each_choice_is_reversed(production):
    conditions = {
        each["condition"] for each in production["resources"].values() if "condition" in each
    }
    section = chapter("operate.md", "## What stays when")
    told = " ".join(re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE))
    assert conditions
    for condition in conditions:
        asked = [choice for name, choice in CHOICES.items() if name in condition]
        assert asked or any(name in condition for name in LEAVES_NOTHING), condition
        assert all(choice in told for choice in asked), condition
    assert "`databaseAdministrator`" in told  # an item of a list, not in a condition


def overrides_shown():
    """The examples of `sizeOverrides` in the chapter about sizes, in their order."""
    section = chapter("operate.md", "## Scale")
    shown = re.compile(r'"sizeOverrides": \{ "value": (\{.*?\}) \}$', re.DOTALL | re.MULTILINE)
    return [json.loads(each) for each in shown.findall(section)]


def test_a_change_from_large_keeps_the_data_and_its_backups(production):
    medium, large = (production["variables"]["sizes"][name] for name in ("medium", "large"))
    kept = {
        name: value
        for name, value in large.items()
        if name.endswith(("GiB", "Days", "GeoBackup")) and value != medium[name]
    }
    assert overrides_shown()[-1] == kept


def test_a_change_from_small_to_large_adds_the_standby_in_a_second_step(checker, production):
    of_medium, of_small = overrides_shown()[1:3]
    modes = []
    for overrides in (of_small, of_medium):
        database = checker.evaluate(
            production, {"size": "large", "sizeOverrides": overrides}
        ).named("database")
        assert database.at("backup", "geoRedundantBackup") == "Disabled"
        modes.append(database.at("highAvailability", "mode"))
    assert modes == ["Disabled", "ZoneRedundant"]


def test_the_secrets_to_rewrite_can_be_rewritten(production):
    allowed = set(production["parameters"]["rewriteSecrets"]["allowedValues"])
    lists = [
        given for name in PAGES for given in re.findall(r"rewriteSecrets='(\[.*?\])'", page(name))
    ]
    assert lists
    for given in lists:
        assert set(json.loads(given)) <= allowed


@pytest.mark.parametrize("name", PAGES)
def test_no_command_deletes_data_without_a_warning_before_it(name):
    found = False
    for section in re.split(r"^#+ ", page(name), flags=re.MULTILINE):
        before = ""
        for line in section.splitlines():
            if DELETES_DATA.search(line) and not line.startswith("|"):
                found = True
                assert re.search(r"\*\*[^*]*delete[^*]*\*\*", before), line
            before += f"{line}\n"
    assert found == (name in {"deploy.md", "failed-deployments.md", "operate.md"})


def test_a_lock_is_removed_before_the_command_that_it_forbids(production):
    assert {each["name"] for each in production["variables"]["locked"]} == set(LOCKED.values())
    found = 0
    for section in re.split(r"^#+ ", page("operate.md"), flags=re.MULTILINE):
        rows = re.findall(r"^\|.*\|$", section, re.MULTILINE)
        for text in (*rows, re.sub(r"^\|.*\|$", "", section, flags=re.MULTILINE)):
            for command, lock in LOCKED.items():
                for each in re.finditer(command, text):
                    found += 1
                    assert f"az lock delete -g GROUP --name {lock} " in text[: each.start()], text
    assert found


@pytest.mark.parametrize(
    "name", ["docs/deploy.md", "docs/failed-deployments.md", "docs/operate.md", "README.md"]
)
def test_no_command_shows_a_secret(name):
    text = (ARM.parent / name).read_text(encoding="utf-8")
    assert "superuserPassword=" not in text
    assert not re.search(r"keyvault secret set[^\n]*(\\\n[^\n]*)?--value", text)


def test_choices_that_last_are_made_in_the_parameters_file():
    text = page("operate.md")
    assert "--parameters @kolibri.parameters.json" in text
    given = set(re.findall(r"--parameters (\w+)=", text))
    assert given
    assert given <= ONCE
    copied = re.findall(r"\bcp .*kolibri\.parameters\.json$", page("deploy.md"), re.MULTILINE)
    assert copied == [
        "cp --no-clobber arm/parameters/small.parameters.json kolibri.parameters.json"
    ], "nothing may overwrite a file that somebody has edited"


def test_a_parameters_file_is_made_of_a_deployment(production):
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    command = re.search(r"\| jq '(.*?)' > kolibri\.parameters\.json", page("operate.md"), re.DOTALL)
    shown = {
        "size": {"type": "String", "value": "medium"},
        "alertEmails": {"type": "Array", "value": []},
        "backupShares": {"type": "Bool", "value": False},
        "databaseAdministrator": {"type": "Object", "value": None},
        "superuserPassword": {"type": "SecureString"},
        "secretKeySeed": {"type": "SecureString"},
        "secretsWrittenAt": {"type": "String", "value": "20260101T000000Z"},
        "budgetStartDate": {"type": "String", "value": "2026-01-01"},
        "rewriteSecrets": {"type": "Array", "value": ["kolibri-secret-key"]},
        "storageKey": {"type": "String", "value": "key2"},
        "stagingImage": {"type": "String", "value": "kolibri:2"},
        "stagingRef": {"type": "String", "value": "v0.2.0"},
        "ref": {"type": "String", "value": "v0.1.0"},
        "databaseName": {"type": "String", "value": "kolibri-copied"},
    }
    assert set(shown) <= set(production["parameters"])
    made = subprocess.run(
        ["jq", command[1]], input=json.dumps(shown), capture_output=True, text=True, check=True
    )
    example = json.loads((ARM / "parameters" / "small.parameters.json").read_text())
    given = json.loads(made.stdout)
    assert given["$schema"] == example["$schema"]
    assert given["contentVersion"] == example["contentVersion"]
    assert given["parameters"] == {
        "size": {"value": "medium"},
        "alertEmails": {"value": []},
        "backupShares": {"value": False},
        "ref": {"value": "v0.1.0"},
        "databaseName": {"value": "kolibri-copied"},
    }


def test_one_time_parameters_stay_out_of_the_parameters_file():
    command = re.search(r"\| jq '(.*?)' > kolibri\.parameters\.json", page("operate.md"), re.DOTALL)
    # The other two are also choices that a user may keep.
    assert ONCE - {"administratorAddresses", "deleteLocks"} <= set(
        re.findall(r"\.(\w+)", command[1].split("del(")[1])
    )
