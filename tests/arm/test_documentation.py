"""The pages about the templates are in step with them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import pytest

from devtools.arm import parameters_page
from tests.arm.conftest import ARM
from tests.arm.test_checkov import CASES

DOCS = ARM.parent / "docs"
PAGES = ("deploy.md", "templates.md", "operate.md", "parameters.md", "cost.md", "security.md")

#: Pages with buttons that open a template in the portal.
BUTTON_PAGES = ("README.md", "docs/deploy.md")

#: What may be said for one deployment only; everything else belongs into the parameters file.
ONCE = {
    "administratorAddresses",
    "deleteLocks",
    "rewriteSecrets",
    "stagingImage",
    "stagingRef",
    "storageKey",
}

#: Services that are registered in every subscription.
BUILT_IN = {"Microsoft.Authorization", "Microsoft.Resources"}

#: Commands after which something is gone that nobody can make again.
DELETES_DATA = re.compile(
    r"az group delete|flexible-server delete|protection disable|unregister|lock delete|Overwrite"
    r"|share-rm delete|keyvault purge|keyvault delete|keyvault secret delete|repository delete"
    r"|acr delete|redisenterprise delete|afd profile delete|hostname delete"
)

#: What a condition of the production template asks, and the choice that the user takes back.
CHOICES = {
    "hasRedis": "`redis`",
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

#: Conditions of what is done and leaves nothing behind.
LEAVES_NOTHING = {"rewriteSecrets"}

#: Nodes of the diagram that are people.
PEOPLE = {"learners", "operators"}

#: Resources that the diagram leaves out, because a drawn one stands for them.
NOT_DRAWN = re.compile(
    r"Secret$|Secrets$|Zone$|ZoneLink$|EndpointName$|SecurityGroup$|Diagnostics$|^locks$|Mounts$"
    r"|[pP]ublishing|^frontDoor.+|OnFrontDoor$|^domain|^fileService$|^backup(?!Vault)|^database.+|^kolibriDatabase$"
    r"|^redisDatabase$|ReadsSecrets$|^image|^taskPushes|^planSize$|^subnets$|^registryAccess$|^availabilityAlerts$"
)


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def blocks_of(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def test_the_parameters_page_is_the_one_that_the_templates_give():
    written = parameters_page.PAGE.read_text(encoding="utf-8")
    assert written == parameters_page.page(), "run python -m devtools.arm.parameters_page"


def test_the_diagram_shows_each_resource_that_matters(production):
    nodes = set(re.findall(r"^\s+(\w+) \[label=", page("diagrams/production.dot"), re.MULTILINE))
    expected = {name for name in production["resources"] if not NOT_DRAWN.search(name)}
    assert nodes - PEOPLE == expected


def test_the_drawing_has_the_nodes_and_labels_of_its_source():
    source = page("diagrams/production.dot")
    labels = {
        node: label.split("\\n")
        for node, label in re.findall(r"^\s+(\w+) \[label=\"([^\"]+)\"", source, re.MULTILINE)
    }
    drawing = ET.fromstring(page("diagrams/production.svg"))
    svg = "{http://www.w3.org/2000/svg}"
    drawn = {
        group.find(f"{svg}title").text: [each.text for each in group.findall(f"{svg}text")]
        for group in drawing.iter(f"{svg}g")
        if group.get("class") == "node"
    }
    assert drawn == labels


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page(name)):
        path, _, anchor = target.partition("#")
        linked = (DOCS / path) if path else DOCS / name
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def buttons_of(name):
    text = (ARM.parent / name).read_text(encoding="utf-8")
    return re.findall(r"https://portal\.azure\.com/#create/Microsoft\.Template/uri/\S+?\)", text)


def test_the_buttons_lead_to_files_that_exist():
    for button in buttons_of("README.md"):
        for address in re.findall(r"[uU]ri/(https%3A[^/)]+)", button):
            path = unquote(address).split("/arm/", 1)[1]
            assert (ARM / path).is_file(), path


def test_each_page_with_buttons_has_the_same():
    production, trial = buttons_of("README.md")
    assert {tuple(buttons_of(name)) for name in BUTTON_PAGES} == {(production, trial)}


def test_every_service_of_the_templates_can_be_registered():
    """All but the two of Azure's own that every subscription has."""
    templates = "".join(path.read_text(encoding="utf-8") for path in ARM.glob("*_template.json"))
    used = set(re.findall(r'"type": "(Microsoft\.\w+)/', templates))
    loop = re.search(r"for namespace in (.*?); do", page("deploy.md"), re.DOTALL)
    assert set(loop[1].replace("\\", " ").split()) == used - BUILT_IN


def test_each_error_that_the_template_tries_again_on_is_explained():
    template = (ARM / "prod_deployment_template.json").read_text(encoding="utf-8")
    tried_again = {
        code
        for codes in re.findall(r'"retryOn": \[\[(.*?)\]', template)
        for code in json.loads(f"[{codes}]")
    }
    assert tried_again
    explained = " ".join(error for error, *_ in errors_explained())
    assert {code for code in tried_again if f"`{code}`" not in explained} == set()


def errors_explained():
    """For each row of the tables of errors: the error, and what to do."""
    section = page("deploy.md").split("## Which error means what")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| ", section, re.MULTILINE))
    tables = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert tables == ["Before it begins", "While it runs", "Afterwards"]
    heads = [row for row in rows if row[0] == "error"]
    assert len(heads) == len(tables)
    return [row for row in rows if row not in heads]


@pytest.mark.parametrize("template", ["prod", "test"])
def test_each_refusal_of_the_templates_is_explained(template):
    text = (ARM / f"{template}_deployment_template.json").read_text(encoding="utf-8")
    refusals = re.findall(r"fail\((?:format\()?'((?:[^']|'')+)'", text)
    assert refusals
    parts = [
        part.strip()
        for error, *_ in errors_explained()
        for shown in re.findall(r"`([^`]+)`", error)
        for part in shown.split("…")
    ]
    for refusal in refusals:
        assert any(part in refusal for part in parts if len(part.split()) > 1), refusal


def test_each_source_of_the_image_is_explained(production):
    section = page("deploy.md").split("## Where the image comes from")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    sources = production["parameters"]["imageSource"]
    assert explained == ["imageSource", *sources["allowedValues"]]
    assert f"| `{sources['defaultValue']}`, the default |" in section


def test_no_page_names_an_image_that_does_not_exist():
    """Every name of an image in a registry is one that the reader is to replace."""
    image = re.compile(r"[\w.-]+\.(?:io|com)/[\w./-]*kolibri-azure[:@][\w.:-]+")
    for name in PAGES:
        assert set(image.findall(page(name))) <= {"REGISTRY.azurecr.io/kolibri-azure:TAG"}, name


def test_it_is_said_of_each_choice_what_stays_when_it_is_taken_back(production):
    conditions = {
        each["condition"] for each in production["resources"].values() if "condition" in each
    }
    section = page("operate.md").split("## What stays when")[1].split("\n## ")[0]
    told = " ".join(re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE))
    for condition in conditions:
        asked = [choice for name, choice in CHOICES.items() if name in condition]
        assert asked or any(name in condition for name in LEAVES_NOTHING), condition
        assert all(choice in told for choice in asked), condition
    assert "`databaseAdministrator`" in told  # an item of a list, in no condition


@pytest.mark.parametrize("name", PAGES)
def test_the_secrets_to_rewrite_can_be_rewritten(name, production):
    allowed = set(production["parameters"]["rewriteSecrets"]["allowedValues"])
    for given in re.findall(r"rewriteSecrets='(\[.*?\])'", page(name)):
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
    assert found == (name in {"deploy.md", "operate.md"})


@pytest.mark.parametrize("name", PAGES)
def test_what_goes_into_the_parameters_file_is_a_parameter(name, production):
    known = set(production["parameters"]) | set(production["definitions"]["sizing"]["properties"])
    given = set(re.findall(r'"(\w+)": \{ ?"value"', page(name)))
    given |= set(re.findall(r"^    (\w+): ", "".join(blocks_of(name, "bicep")), re.MULTILINE))
    assert given <= known


def test_the_example_for_terraform_is_well_formed():
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    (example,) = blocks_of("templates.md", "hcl")
    formatted = subprocess.run(
        ["terraform", "fmt", "-"], input=example, capture_output=True, text=True, check=False
    )
    assert formatted.stdout == example, formatted.stderr


def test_each_rule_that_is_switched_off_is_explained():
    text = page("security.md")
    for _, _, listed in CASES.values():
        for rule in listed:
            assert re.search(rf"^\|(?: \w+,)* {rule}[,| ].* \| .+ \|$", text, re.MULTILINE), rule


def test_each_rule_that_psrule_leaves_out_is_explained():
    excluded = re.findall(r"^    - (Azure\.\S+)$", (ARM / "ps-rule.yaml").read_text(), re.MULTILINE)
    assert excluded
    for rule in excluded:
        assert re.search(
            rf"^\| .*{re.escape(rule)}\b.* \| .+ \|$", page("security.md"), re.MULTILINE
        )


def test_the_costs_of_the_form_are_those_of_the_page():
    totals = dict(
        re.findall(r"^\| \*\*Sum, (\w+)\*\* .*\*\*([\d,]+)\*\* \|$", page("cost.md"), re.MULTILINE)
    )
    form = (ARM / "createUiDefinition.json").read_text(encoding="utf-8")
    for size in ("small", "medium", "large"):
        shown = re.search(rf'about ([\d,]+) USD a month", "value": "{size}"', form)
        assert shown, size
        assert shown[1] == totals[size]


def test_the_sums_of_the_costs_are_right():
    for size in ("small", "medium", "large"):
        section = page("cost.md").split(f"## {size.capitalize()}")[1].split("## ")[0]
        items = [
            int(amount.replace(",", ""))
            for amount in re.findall(r"^\| [^*].*\| ([\d,]+) \|$", section, re.MULTILINE)
        ]
        total = re.search(r"\*\*([\d,]+)\*\* \|$", section, re.MULTILINE)
        assert total, size
        assert abs(sum(items) - int(total[1].replace(",", ""))) <= 5, sum(items)


def test_the_pages_name_outputs_and_parameters_that_exist(production):
    known = set(production["parameters"]) | set(production["outputs"])
    known |= set(production["definitions"]["sizing"]["properties"])
    for name in ("deploy.md", "operate.md"):
        for word in re.findall(r"--parameters (\w+)=|`output\.(\w+)`", page(name)):
            mentioned = word[0] or word[1]
            assert mentioned in known, f"{name}: {mentioned}"


@pytest.mark.parametrize("name", ["docs/deploy.md", "docs/operate.md", "README.md"])
def test_no_command_shows_a_secret(name):
    text = (ARM.parent / name).read_text(encoding="utf-8")
    assert "superuserPassword=" not in text
    assert not re.search(r"keyvault secret set[^\n]*(\\\n[^\n]*)?--value", text)


def test_choices_that_last_are_made_in_the_parameters_file():
    text = page("operate.md")
    assert "--parameters @kolibri.parameters.json" in text
    assert set(re.findall(r"--parameters (\w+)=", text)) <= ONCE
    copied = re.findall(r"\bcp .*kolibri\.parameters\.json$", page("deploy.md"), re.MULTILINE)
    assert copied == [
        "cp --no-clobber arm/parameters/small.parameters.json kolibri.parameters.json"
    ], "nothing may overwrite a file that somebody has edited"


def test_the_answers_of_the_form_are_those_of_the_pages():
    form = json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))
    description = form["parameters"]["config"]["basics"]["description"]
    section = page("deploy.md").split("## With the button")[1].split("## ")[0]
    answers = re.findall(r"^\d\. (?:a )?([\w ]+)", section, re.MULTILINE)
    counts = re.findall(r"\b(\w+) (?:answers|things)\b", f"{description} {section}")
    assert [each.lower() for each in counts] == ["six", "six"]
    assert len(answers) == 6
    readme = (ARM.parent / "README.md").read_text(encoding="utf-8")
    listed = " ".join(readme.split("Six answers:")[1].split("[![")[0].split())
    for text in (description, listed):
        for answer in answers:
            assert answer.split()[0] in text, answer


def strings_of(value):
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings_of(each)]
    return [value] if isinstance(value, str) else []


#: What the portal itself says around the form.
WORDS_OF_THE_PORTAL = {
    "Basics",
    "Create",
    "Create new",
    "Deployment is in progress",
    "Deployments",
    "Outputs",
    "Resource group",
    "Resource groups",
    "Review + create",
    "Subscription",
    "Validation failed",
}


def test_the_labels_of_the_form_stand_in_the_page_as_they_are():
    form = json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))
    known = set(strings_of(form)) | WORDS_OF_THE_PORTAL
    section = page("deploy.md").split("## With the button")[1].split("\n## ")[0]
    answers = page("deploy.md").split("## Your answers")[1].split("\n## ")[0]
    of_the_form = re.findall(r"^\| .* \| .* \| (.+) \|$", answers, re.MULTILINE)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", f"{section}\n{of_the_form}")
    said = [" ".join(each.split()) for each in re.findall(r"\*([^*]+)\*", text)]
    assert len(said) > 20
    first_words = [each for each in said if not each.startswith("Step ")]
    assert [each for each in first_words if each.rstrip(",") not in known] == []


def test_the_parameters_file_of_the_page_is_one_that_the_template_takes(checker, production):
    (example,) = blocks_of("deploy.md", "json")
    file = json.loads(example.replace("VERSION", "v0.1.0"))
    shipped = json.loads((ARM / "parameters" / "small.parameters.json").read_text())
    assert file["$schema"] == shipped["$schema"]
    assert {"size", "ref", "alertEmails", "sizeOverrides"} <= set(file["parameters"])
    values = {name: each["value"] for name, each in file["parameters"].items()}
    deployed = checker.evaluate(production, {**values, "superuserPassword": "twelve characters"})
    assert deployed.named("plan").body["sku"]["name"] == values["sizeOverrides"]["planSku"]


def test_each_answer_of_the_page_is_written_as_a_parameters_file_takes_it(production):
    section = page("deploy.md").split("## Your answers")[1].split("\n## ")[0]
    lines = re.findall(r"^\| .* \| `(\".+)` \| .* \|$", section, re.MULTILINE)
    assert len(lines) > 8
    types = {"string": str, "bool": bool, "int": int, "array": list, "object": dict}
    for line in lines:
        ((name, given),) = json.loads(f"{{{line}}}").items()
        declared = production["parameters"][name]
        assert isinstance(given["value"], types[declared.get("type", "object")]), line
        if name == "sizeOverrides":
            assert set(given["value"]) <= set(production["definitions"]["sizing"]["properties"])


def test_what_can_not_be_changed_later_is_said_before_the_deployment(production):
    text = page("deploy.md")
    section = text.split("### What can't be changed later")[1].split("\n## ")[0]
    described = {
        **production["parameters"],
        **production["definitions"]["sizing"]["properties"],
    }
    lasting = {
        name
        for name, each in described.items()
        if re.search("Fixed at the first|at the first start only", each["metadata"]["description"])
    }
    assert len(lasting) > 10
    assert {name for name in lasting if f"`{name}`" not in section} == set()
    assert text.index(section) < text.index("## With the button")


def test_money_comes_before_the_click_and_is_that_of_the_page_of_costs(production):
    text = page("deploy.md")
    section = text.split("## What it costs")[1].split("\n## ")[0]
    assert text.index(section) < text.index("## With the button")
    totals = dict(
        re.findall(r"^\| \*\*Sum, (\w+)\*\* .*\*\*([\d,]+)\*\* \|$", page("cost.md"), re.MULTILINE)
    )
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| `(.+)` \| ([\d,]+) \|$", section, re.MULTILINE)
    description = production["parameters"]["size"]["metadata"]["description"]
    assert [size for size, *_ in rows] == production["parameters"]["size"]["allowedValues"]
    for size, learners, file, amount in rows:
        values = json.loads((ARM.parent / file).read_text(encoding="utf-8"))["parameters"]
        assert values["size"]["value"] == size
        assert re.search(
            rf"\b{size} is for up to {learners}\b|\b{size} for {learners}\b", description
        )
        assert amount == totals[size]
    assert re.search(rf"^\| the test template .* \| {totals['test']} \|$", section, re.MULTILINE)


def test_the_quota_to_ask_for_is_what_the_sizes_take(production):
    section = page("deploy.md").split("### Quota")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    sizes = production["variables"]["sizes"]
    assert set(rows) == set(sizes)
    for size, values in sizes.items():
        said = rows[size]
        assert said.startswith(f"{values['minimumInstances']} of {values['planSku']}"), size
        if values["maximumInstances"] > values["minimumInstances"]:
            assert f"up to {values['maximumInstances']} for" in said
        # Standard_D4ds_v5 has 4 processors, and so has its standby.
        processors = int(re.search(r"_[BD](\d+)", values["databaseSku"])[1])
        servers = 2 if values["databaseHighAvailability"] else 1
        assert f"| {processors * servers}, `{values['databaseSku']}`" in said


def test_the_sample_of_preflight_is_of_its_form():
    program = (ARM / "preflight").read_text(encoding="utf-8")
    (sample,) = blocks_of("deploy.md", "text")
    *lines, sums, first = sample.splitlines()
    statuses = []
    for line in lines:
        shown = re.fullmatch(r"(PASS|WARN|FAIL|SKIP) preflight\.(\w+): .+", line)
        assert shown, line
        assert f"\n{shown[2]}|" in program, line
        statuses.append(shown[1])
    assert set(statuses) == {"PASS", "WARN", "FAIL", "SKIP"}
    assert re.fullmatch(r"\d+ passed, \d+ warnings, \d+ failed, \d+ skipped", sums)
    assert sum(map(int, re.findall(r"\d+", sums))) == len(
        re.findall(r"^\w+\|", program, re.MULTILINE)
    )
    failed = next(line for line in lines if line.startswith("FAIL"))
    assert failed.removeprefix("FAIL ").startswith(first.removeprefix("begin with "))


def test_each_block_that_reads_a_file_of_the_clone_begins_in_it():
    """A new window of Cloud Shell opens in another folder."""
    for block in re.findall(r"(?:^(?: {4}| {6,7}).*\n)+", page("deploy.md"), re.MULTILINE):
        if re.search(r"arm/|kolibri\S*\.parameters\.json|^ *git (?!clone)", block, re.MULTILINE):
            assert block.strip().startswith("cd ~/kolibri-azure\n"), block


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
        "rewriteSecrets": {"type": "Array", "value": ["kolibri-redis-url"]},
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


def test_what_a_deployment_says_once_does_not_get_into_the_parameters_file():
    command = re.search(r"\| jq '(.*?)' > kolibri\.parameters\.json", page("operate.md"), re.DOTALL)
    # The other two are choices as well: who wants to keep them does.
    assert ONCE - {"administratorAddresses", "deleteLocks"} <= set(
        re.findall(r"\.(\w+)", command[1].split("del(")[1])
    )
