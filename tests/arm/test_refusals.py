"""The production template refuses values that would give a site that does not work."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from devtools.arm.combinations import PASSWORD
from tests.arm.inspection import findings
from tests.arm.refused import REFUSED, TAKEN
from tests.arm.size_rules import has_enough_connections


@pytest.fixture
def refusals(checker, production):
    """What the template says about these values; nothing if it takes them."""

    def refusals(values):
        return findings(checker, production, [{"superuserPassword": PASSWORD, **values}])

    return refusals


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(name, refusals):
    values, sentence = REFUSED[name]
    assert any("fail(): " in each and sentence in each for each in refusals(values))


@pytest.mark.parametrize("name", TAKEN)
def test_it_takes(name, refusals):
    assert refusals(TAKEN[name]) == []


@pytest.mark.parametrize("slot", [False, True])
@pytest.mark.parametrize("instances", [1, 2, 6, 30])
def test_it_asks_for_as_many_connections_as_the_image(instances, slot, refusals):
    running = instances * (2 if slot else 1)
    needed = next(number for number in itertools.count() if has_enough_connections(number, running))
    overrides = {"planSku": "P0v3", "maximumInstances": instances, "stagingSlot": slot}
    assert refusals({"sizeOverrides": {**overrides, "databaseConnections": needed}}) == []
    said = refusals({"sizeOverrides": {**overrides, "databaseConnections": needed - 1}})
    assert said
    assert all(f"Set it to {needed} or more" in each for each in said), said


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_overrides_that_a_description_shows_suit_every_size(size, production, refusals):
    described = production["parameters"]["sizeOverrides"]["metadata"]["description"]
    shown = json.loads(re.search(r"for example (\{.*?\})", described)[1])
    assert refusals({"size": size, "sizeOverrides": shown}) == []
