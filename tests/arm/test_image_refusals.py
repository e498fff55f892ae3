"""A deployment with a wrong image, or with a parameter that nothing uses, is refused."""

from __future__ import annotations

import pytest

from devtools.arm.combinations import PASSWORD, REGISTRY
from tests.arm.images import COMMIT, OWN, RELEASED, known
from tests.arm.inspection import findings


@pytest.fixture
def refusal(checker, template):
    """The checker's message about a deployment that fails."""

    def refusal(**values):
        given = known(template, {"superuserPassword": PASSWORD, "size": "medium", **values})
        return " ".join(findings(checker, template, [given]))

    return refusal


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"image": OWN}, "imageSource build builds the image"),
        ({"registryId": REGISTRY}, "imageSource build builds the image"),
        (
            {"imageSource": "published", "image": RELEASED, "registryId": REGISTRY},
            "registryId is for imageSource own",
        ),
        ({"rebuild": "Nov 2026"}, "rebuild is part of an image tag"),
    ],
    ids=str,
)
def test_an_unused_parameter_is_refused(values, said, refusal, template):
    assert set(values) <= set(template["parameters"])
    assert said in refusal(**values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stagingImage": OWN}, "imageSource build builds the image"),
        ({"imageSource": "own", "image": OWN, "stagingRef": "v0.2.0"}, "stagingRef is for"),
        (
            {"imageSource": "published", "image": RELEASED, "stagingImage": OWN},
            "needs stagingImage with its digest",
        ),
    ],
    ids=str,
)
def test_a_parameter_unused_by_the_slot_is_refused(values, said, checker, production):
    given = {"superuserPassword": PASSWORD, "size": "medium", **values}
    assert said in " ".join(findings(checker, production, [given]))


@pytest.mark.parametrize(
    "branch",
    [
        "main",
        "refs/heads/main",
        "version-2",
        "latest",
        "v",
        "v1/x",
        "v1+x",
        COMMIT[:7],
        COMMIT.upper(),
    ],
)
def test_a_branch_is_not_built(branch, refusal, template):
    for parameter in {"ref", "stagingRef"} & set(template["parameters"]):
        said = refusal(**{parameter: branch})
        assert f"{branch} is not a fixed version" in said
        assert "v0.1.0" in said
        assert "commit id of 40 digits" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"imageSource": "published"}, "imageSource published needs image"),
        ({"imageSource": "own"}, "imageSource own needs image"),
        (
            {"imageSource": "published", "image": OWN},
            "imageSource published needs image with its digest",
        ),
    ],
    ids=str,
)
def test_an_image_that_is_not_named_as_it_must_be_is_refused(values, said, refusal):
    assert said in refusal(**values)
    assert refusal(**{**values, "image": RELEASED}) == ""
