"""The capacity's page, and the numbers that the templates, the form and other pages say."""

from __future__ import annotations

import dataclasses
import re

import pytest

from bench.capacity import measured, page, sizing, texts
from bench.capacity.instances import ALLOWED, growth
from bench.performance.table import marks

#: The first numbers of the sentence about vCPUs: learners in lessons, at once, and by the database.
PER_VCPU = re.compile(
    r"a vCPU of the app carries ([\d,]+) learners in lessons, and ([\d,]+) who sign in at once;"
    r" a vCPU of the database carries ([\d,]+)"
)


def number(text):
    return int(text.replace(",", ""))


def test_the_page_says_what_was_measured():
    begin, end = marks(page.NAME)
    between = page.PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert between.strip() == page.text(measured.load()), "python -m bench.capacity.page"


def test_the_templates_and_pages_say_the_numbers_that_follow():
    for path, text in texts.corrected(page.learners(measured.load().found)).items():
        assert path.read_text(encoding="utf-8") == text, "python -m bench.capacity.page"


def test_a_sentence_that_is_lost_is_noticed(monkeypatch):
    monkeypatch.setattr(texts, "SENTENCES", {"README.md": ("{small} elephants",)})
    with pytest.raises(ValueError, match=r"README\.md lacks the sentence"):
        texts.corrected(dict.fromkeys(sizing.SIZES, 1))


@pytest.mark.parametrize(
    "name",
    [
        "arm/createUiDefinition.json",
        "arm/prod_deployment_template.json",
        "docs/deploy.md",
        "docs/parameters.md",
    ],
)
def test_the_sizes_are_said_to_be_computed(repository, name):
    said = (repository / name).read_text(encoding="utf-8")
    factor = f"{1 / sizing.SAFETY:g}"
    assert f"computed with a safety factor of {factor}, not measured on Azure" in said


@pytest.mark.parametrize("name", ["arm/test_deployment_template.json", "docs/parameters.md"])
def test_the_test_template_is_said_to_be_for_few_and_not_measured(repository, name):
    said = (repository / name).read_text(encoding="utf-8")
    assert "one or two people" in said
    assert "has not been measured" in said


def test_the_learners_of_a_vcpu_are_those_of_the_table():
    said = page.text(measured.load())
    lessons, at_once, database = map(number, PER_VCPU.search(said).groups())
    row = next(line for line in said.splitlines() if line.startswith("| `medium` |"))
    in_all = dict(zip(("at_once", "lessons", "database"), map(number, row.split(" | ")[3:6])))
    size = sizing.template_sizes()["medium"]
    vcpus = sizing.MACHINES[size["planSku"]].processors
    # All numbers are rounded down to two digits.
    assert lessons * size["maximumInstances"] * vcpus == pytest.approx(in_all["lessons"], rel=0.1)
    assert at_once * size["minimumInstances"] * vcpus == pytest.approx(in_all["at_once"], rel=0.1)
    vcpus = sizing.DATABASES[size["databaseSku"]]
    assert database * vcpus == pytest.approx(in_all["database"], rel=0.1)


def test_a_request_costs_no_more_with_more_instances():
    first, *others = measured.load().instances
    assert [each.instances for each in (first, *others)] == [1, 2, 4]
    said = page.of_instances([first, *others])
    for each in others:
        for what, share in growth(first, each).items():
            assert share <= ALLOWED, (each, what)
            # So large a fall is none: the page has to say that growth would not have been seen.
            fall = (
                f"{page.NAMES[what]}, which falls by {-share:.0%} with {each.instances} instances"
            )
            assert (fall in said) is (share < -ALLOWED), (each, what)


def test_the_page_says_whether_the_cost_of_a_request_grows():
    one = measured.load().instances[0]
    alike, dearer, cheaper = (with_app_time(one, factor) for factor in (1, 1.2, 0.8))
    said = page.of_instances([one, alike])
    assert "Nothing grows by more than 10%." in said
    assert "Not comparable" not in said
    said = page.of_instances([one, dearer])
    assert "**More than 10% growth**: the app's processor time by 20% with 4 instances." in said
    said = page.of_instances([one, cheaper])
    assert (
        "**Not comparable**: the app's processor time, which falls by 20% with 4 instances." in said
    )
    assert "Nothing else grows by more than 10%." in said
    assert "Nothing grows" not in said


def with_app_time(one, factor):
    """Four instances whose app needs so many times the processor time."""
    request = dataclasses.replace(one.request, server_ms=one.request.server_ms * factor)
    return dataclasses.replace(one, instances=4, request=request)
