"""The templates, and the offline checker that reads them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from devtools.arm import Checker, CheckerMissingError
from devtools.arm.combinations import TEST_CHOICES, pairwise, production_sets

from .portal_questions import *  # noqa: F403

ARM = Path(__file__).parents[2] / "arm"
NAMES = {
    "production": ARM / "prod_deployment_template.json",
    "test": ARM / "test_deployment_template.json",
}


@pytest.fixture(scope="session")
def checker():
    try:
        return Checker()
    except CheckerMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=NAMES)
def template_path(request):
    return NAMES[request.param]


@pytest.fixture
def template(template_path):
    return json.loads(template_path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def production_template():
    return json.loads(NAMES["production"].read_text(encoding="utf-8"))


@pytest.fixture
def production(production_template):
    """A copy of the production template that a test can change."""
    return copy.deepcopy(production_template)


@pytest.fixture(scope="session")
def combinations():
    """Sets of parameter values for each template."""
    return {
        NAMES["production"]: production_sets(),
        NAMES["test"]: pairwise(TEST_CHOICES),
    }


@pytest.fixture(scope="session")
def evaluated(checker, production_template, combinations):
    """The production template with each set of values."""
    return [
        checker.evaluate(production_template, values)
        for values in combinations[NAMES["production"]]
    ]
