"""The templates, and the offline checker that reads them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from devtools.arm import Checker, CheckerMissingError
from devtools.arm.combinations import CHOICES, TEST_CHOICES, pairwise

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
def production_as_read():
    return json.loads(NAMES["production"].read_text(encoding="utf-8"))


@pytest.fixture
def production(production_as_read):
    """The production template, free to be changed."""
    return copy.deepcopy(production_as_read)


@pytest.fixture(scope="session")
def combinations():
    """Sets of parameter values for each template."""
    return {
        NAMES["production"]: pairwise(CHOICES),
        NAMES["test"]: pairwise(TEST_CHOICES),
    }


@pytest.fixture(scope="session")
def evaluated(checker, production_as_read, combinations):
    """The production template with each set of values."""
    return [
        checker.evaluate(production_as_read, values) for values in combinations[NAMES["production"]]
    ]
