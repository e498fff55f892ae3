"""Each mistake of the list is caught, and the real template has none."""

from __future__ import annotations

import pytest

from devtools.arm.combinations import PASSWORD
from tests.arm.inspection import problems
from tests.arm.mistakes import MISTAKES

#: Deployments that together switch everything on, and one after a restore.
SETS = (
    {"superuserPassword": PASSWORD, "name": "a-very-long-name-123"},
    {
        "superuserPassword": PASSWORD,
        "size": "large",
        "frontDoor": "premium",
        "contentCustomDomain": "kolibri-content.example.org",
        "budgetAmount": 500,
    },
    {
        "superuserPassword": PASSWORD,
        "size": "medium",
        "sizeOverrides": {"maximumInstances": 2},
        "databaseServerName": "kolibri-db-restored",
    },
)


def test_the_template_as_it_stands_has_no_problem(checker, production):
    assert problems(checker, production, SETS) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_caught(mistake, checker, production):
    mistake.make(production)
    said = problems(checker, production, SETS)
    assert any(mistake.caught_by in each for each in said), said
