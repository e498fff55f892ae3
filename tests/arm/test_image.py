"""Both templates build the image that they run, but only if the deployment asks for it."""

from __future__ import annotations

import json
import re

import pytest

from devtools.arm.combinations import PASSWORD, REGISTRY
from tests.arm import image_rules, order_rules
from tests.arm.conftest import ARM, NAMES
from tests.arm.image_rules import ARGUMENTS, DOCKERFILE, REGISTRIES, RUNS, TASKS
from tests.arm.images import COMMIT, FORK, OWN, RELEASED, known
from tests.arm.inspection import findings
from tests.arm.security_rules import ROLES, sites

#: Values that a deployment generates unless they are given.
GENERATED = {
    "secretKeySeed": "a" * 36,
    "secretKeySalt": "b" * 36,
    "secretsWrittenAt": "20260101T000000Z",
    "budgetStartDate": "2026-01-01",
}

#: The values that a task, its run and their names may depend on; tags are on all resources.
DECIDE_WHAT_IS_BUILT = {
    "imageSource",
    "name",
    "rebuild",
    "ref",
    "repository",
    "size",
    "sizeOverrides",
    "stagingRef",
    "tags",
}

TEST_RULES = (*image_rules.RULES, order_rules.what_must_be_there_comes_first)


@pytest.fixture
def deploy(checker, template):
    def deploy(**values):
        given = known(template, {"superuserPassword": PASSWORD, **values})
        assert findings(checker, template, [given]) == []
        return checker.evaluate(template, given)

    return deploy


@pytest.fixture
def deploy_with_slot(checker, production):
    def deploy(**values):
        given = {"superuserPassword": PASSWORD, "size": "medium", **values}
        assert findings(checker, production, [given]) == []
        return checker.evaluate(production, given)

    return deploy


def what_is_built(result):
    """Each task and run, by kind and name."""
    return {(each.type, each.name): each for kind in (TASKS, RUNS) for each in result.of_type(kind)}


def images_built(result):
    return [name for task in result.of_type(TASKS) for name in task.at("step", "imageNames")]


def image_of(result, symbol="app"):
    return result.named(symbol).at("siteConfig", "linuxFxVersion").removeprefix("DOCKER|")


@pytest.mark.parametrize("rule", TEST_RULES, ids=lambda rule: rule.__name__)
def test_every_combination_of_the_test_template(rule, checker, combinations):
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    evaluated = [checker.evaluate(template, values) for values in combinations[NAMES["test"]]]
    assert [list(rule(each)) for each in evaluated] == [[] for _ in evaluated]
    assert any(what_is_built(each) for each in evaluated)


@pytest.mark.parametrize("rule", image_rules.TEXT_RULES, ids=lambda rule: rule.__name__)
def test_the_text(rule, template):
    assert list(rule(template)) == []


def test_the_examples_name_no_image():
    examples = list((ARM / "parameters").glob("*.parameters.json"))
    assert len(examples) == 3
    for path in examples:
        given = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        assert given["imageSource"]["value"] == "build"
        assert given["image"]["value"] == ""


def test_the_dockerfile_takes_the_arguments_of_the_tasks():
    text = (ARM.parent / DOCKERFILE).read_text(encoding="utf-8")
    assert set(re.findall(r"^ARG (\w+)", text, re.MULTILINE)) >= ARGUMENTS


def test_with_nothing_given_the_version_of_the_package_is_built_and_run(deploy, template):
    repository, ref = (
        template["parameters"][name]["defaultValue"] for name in ("repository", "ref")
    )
    result = deploy()
    (task,) = result.of_type(TASKS)
    assert task.at("step", "contextPath") == f"{repository}#{ref}~0"
    assert images_built(result) == [image_of(result)]
    (registry,) = result.of_type(REGISTRIES)
    assert image_of(result) == f"{registry.name}.azurecr.io/kolibri-azure:{ref}"
    assert result.outputs.get("registryName", registry.name) == registry.name
    assert result.outputs["image"] == image_of(result)


@pytest.mark.parametrize(
    ("values", "tag"),
    [
        ({"ref": "v0.2.0"}, "v0.2.0"),
        ({"ref": COMMIT}, COMMIT),
        ({"rebuild": "2026-11"}, "v0.1.0-2026-11"),
        ({"repository": FORK}, "v0.1.0"),
    ],
    ids=str,
)
def test_a_new_value_starts_a_new_build_in_its_own_task(values, tag, deploy):
    before, after = deploy(), deploy(**values)
    assert set(what_is_built(before)).isdisjoint(what_is_built(after))
    (task,) = after.of_type(TASKS)
    given = {"repository": "", "ref": "", **values}
    assert given["repository"] in task.at("step", "contextPath")
    assert given["ref"] in task.at("step", "contextPath")
    assert image_of(after).endswith(f"/kolibri-azure:{tag}")
    assert images_built(after) == [image_of(after)]


def test_the_same_again_builds_nothing_whatever_a_deployment_generates(deploy):
    other = {name: value.replace("a", "c").replace("b", "d") for name, value in GENERATED.items()}
    other |= {"secretsWrittenAt": "20270101T000000Z", "budgetStartDate": "2027-01-01"}
    assert not set(GENERATED.items()) & set(other.items())
    first, second = deploy(**GENERATED), deploy(**other)
    assert what_is_built(first) == what_is_built(second) != {}
    assert image_of(first) == image_of(second)


def test_nothing_is_built_because_something_else_was_chosen(
    checker, template, template_path, combinations
):
    for values in combinations[template_path]:
        alone = {name: value for name, value in values.items() if name in DECIDE_WHAT_IS_BUILT}
        built = what_is_built(checker.evaluate(template, values))
        assert built == what_is_built(checker.evaluate(template, alone)), values
        assert (built != {}) == (values["imageSource"] == "build")


def test_the_slots_version_is_built_in_addition_to_the_sites(deploy_with_slot):
    result = deploy_with_slot(stagingRef="v0.2.0")
    assert result.named("stagingSlot").at("enabled") is True
    assert images_built(result) == [image_of(result), image_of(result, "stagingSlot")]
    assert image_of(result).endswith(":v0.1.0")
    assert image_of(result, "contentApp") == image_of(result)
    assert image_of(result, "stagingSlot").endswith(":v0.2.0")


def test_an_image_built_for_the_slot_is_not_built_again_for_the_site(deploy_with_slot):
    tried = deploy_with_slot(stagingRef="v0.2.0", rebuild="2026-11")
    swapped = deploy_with_slot(ref="v0.2.0", rebuild="2026-11")
    assert what_is_built(swapped).items() <= what_is_built(tried).items()
    assert what_is_built(swapped)
    assert image_of(swapped) == image_of(tried, "stagingSlot")


def test_the_same_version_in_slot_and_site_is_built_once(deploy_with_slot):
    result = deploy_with_slot(stagingRef="v0.1.0")
    assert images_built(result) == [image_of(result)] == [image_of(result, "stagingSlot")]
    assert result.named("stagingSlot").at("enabled") is True
    assert what_is_built(result) == what_is_built(deploy_with_slot())


def test_the_slot_is_stopped_until_it_is_given_a_version(deploy_with_slot):
    for values in ({}, {"imageSource": "own", "image": OWN}):
        assert deploy_with_slot(**values).named("stagingSlot").at("enabled") is False


@pytest.mark.parametrize(
    ("values", "pulled_from"),
    [
        ({"imageSource": "published", "image": RELEASED}, []),
        ({"imageSource": "own", "image": OWN}, []),
        ({"imageSource": "own", "image": OWN, "registryId": REGISTRY}, [REGISTRY]),
    ],
    ids=str,
)
def test_an_image_from_elsewhere_needs_no_registry_here(values, pulled_from, deploy):
    result = deploy(ref="main", rebuild="2026-11", **values)
    kinds = {each.type.partition("/")[0] for each in result.resources}
    assert "Microsoft.ContainerRegistry" not in kinds
    assert {image_of(result, site.symbol) for site in sites(result)} == {values["image"]}
    assert result.outputs["image"] == values["image"]
    assert result.outputs.get("registryName", "") == ""
    given = {
        (ROLES[each.at("roleDefinitionId").rpartition("/")[2]], each.scope)
        for each in result.of_type("Microsoft.Authorization/roleAssignments")
        if "/registries/" in each.scope
    }
    assert given == {("AcrPull", registry) for registry in pulled_from}
    uses_identity = {site.at("siteConfig", "acrUseManagedIdentityCreds") for site in sites(result)}
    assert uses_identity == {bool(pulled_from)}
