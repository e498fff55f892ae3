"""What a deployment costs and needs is the same wherever it is said."""

from __future__ import annotations

import json
import re

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import chapter, page, sums


def test_the_costs_of_the_form_are_those_of_the_page():
    totals = sums()
    form = (ARM / "createUiDefinition.json").read_text(encoding="utf-8")
    for size in ("small", "medium", "large"):
        shown = re.search(rf'about ([\d,]+) USD a month", "value": "{size}"', form)
        assert shown, size
        assert shown[1] == totals[size]


def test_the_sums_of_the_costs_are_right():
    for size in ("small", "medium", "large"):
        section = chapter("cost.md", f"## {size.capitalize()}")
        items = [
            int(amount.replace(",", ""))
            for amount in re.findall(r"^\| [^*].*\| ([\d,]+) \|$", section, re.MULTILINE)
        ]
        total = re.search(r"\*\*([\d,]+)\*\* \|$", section, re.MULTILINE)
        assert total, size
        assert abs(sum(items) - int(total[1].replace(",", ""))) <= 5, sum(items)


def test_money_comes_before_the_click_and_is_that_of_the_page_of_costs(production):
    text = page("deploy.md")
    section = chapter("deploy.md", "## What it costs")
    assert text.index(section) < text.index("## With the button")
    totals = sums()
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


def test_the_room_for_a_home_that_moves_in_is_that_of_the_sizes(production):
    said = re.search(r"The share has room for (.+?);", page("move-in.md"), re.DOTALL)
    sizes = production["variables"]["sizes"].values()
    assert re.findall(r"\d[\d,]*", said[1]) == [f"{each['backupsShareGiB']:,}" for each in sizes]


def test_the_quota_to_request_is_that_of_the_sizes(production):
    section = chapter("deploy.md", "### Quota")
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
