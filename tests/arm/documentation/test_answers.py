"""The page of deployment asks for the same answers as the form and the parameters file."""

from __future__ import annotations

import json
import re

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import PAGES, blocks_of, chapter, page

#: The portal's own labels around the form.
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


def strings_of(value):
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings_of(each)]
    return [value] if isinstance(value, str) else []


def test_the_answers_of_the_form_are_those_of_the_pages():
    form = json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))
    description = form["parameters"]["config"]["basics"]["description"]
    section = chapter("deploy.md", "## With the button")
    answers = re.findall(r"^\d\. (?:a )?([\w ]+)", section, re.MULTILINE)
    counts = re.findall(r"\b(\w+) (?:answers|things)\b", f"{description} {section}")
    assert [each.lower() for each in counts] == ["six", "six"]
    assert len(answers) == 6
    readme = (ARM.parent / "README.md").read_text(encoding="utf-8")
    listed = " ".join(readme.split("Six answers:")[1].split("[![")[0].split())
    for text in (description, listed):
        for answer in answers:
            assert answer.split()[0] in text, answer


def test_the_labels_of_the_form_stand_in_the_page_as_they_are():
    form = json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))
    known = set(strings_of(form)) | WORDS_OF_THE_PORTAL
    section = chapter("deploy.md", "## With the button")
    answers = chapter("deploy.md", "## Your answers")
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
    section = chapter("deploy.md", "## Your answers")
    lines = re.findall(r"^\| .* \| `(\".+)` \| .* \|$", section, re.MULTILINE)
    assert len(lines) > 8
    types = {"string": str, "bool": bool, "int": int, "array": list, "object": dict}
    for line in lines:
        ((name, given),) = json.loads(f"{{{line}}}").items()
        declared = production["parameters"][name]
        assert isinstance(given["value"], types[declared.get("type", "object")]), line
        if name == "sizeOverrides":
            assert set(given["value"]) <= set(production["definitions"]["sizing"]["properties"])


def test_the_examples_of_channels_are_those_that_the_form_accepts(production):
    form = json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))
    elements = [each for step in form["parameters"]["steps"] for each in step["elements"]]
    box = next(each for each in elements if each["name"] == "channels")
    section = chapter("deploy.md", "### Channels").split("\n### ")[0]
    examples = re.findall(r"^\| .+ \| `(\S+)` \| .+ \|$", section, re.MULTILINE)
    assert set(box["placeholder"].split(", ")) <= set(examples)
    assert [each for each in examples if not re.fullmatch(box["constraints"]["regex"], each)] == []
    sizes = production["variables"]["sizes"].values()
    assert re.findall(r"([\d,]+)(?: GiB)? with `", section) == [
        f"{each['contentShareGiB']:,}" for each in sizes
    ]


def test_choices_that_cannot_change_later_come_before_the_deployment(production):
    text = page("deploy.md")
    section = chapter("deploy.md", "### What can't be changed later")
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


def test_every_name_for_the_parameters_file_is_a_parameter(production):
    known = set(production["parameters"]) | set(production["definitions"]["sizing"]["properties"])
    in_json, in_bicep = set(), set()
    for name in PAGES:
        in_json |= set(re.findall(r'"(\w+)": \{ ?"value"', page(name)))
        blocks = "".join(blocks_of(name, "bicep"))
        in_bicep |= set(re.findall(r"^    (\w+): ", blocks, re.MULTILINE))
    assert in_json
    assert in_bicep
    assert in_json | in_bicep <= known


def test_the_pages_name_outputs_and_parameters_that_exist(production):
    known = set(production["parameters"]) | set(production["outputs"])
    known |= set(production["definitions"]["sizing"]["properties"])
    text = page("deploy.md") + page("operate.md")
    words = re.findall(r"--parameters (\w+)=|`output\.(\w+)`", text)
    mentioned = {parameter or output for parameter, output in words}
    assert mentioned
    assert mentioned <= known
