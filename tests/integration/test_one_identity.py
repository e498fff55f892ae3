"""All instances of a deployment are one Kolibri device, even after they are replaced."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from tests.integration.jobs import MODULES

ASK = (
    "from morango.models import InstanceIDModel;"
    "print('id', InstanceIDModel.get_or_create_current_instance()[0].id)"
)
FORGET = "import os; os.environ.pop('MORANGO_NODE_ID');"
ASK_MACHINE = (
    FORGET + "from morango.models.utils import get_0_5_mac_address;"
    "print('machine', get_0_5_mac_address())"
)
ZEROCONF = (
    "from kolibri.utils.conf import OPTIONS; print('on', OPTIONS['Deployment']['ZEROCONF_ENABLED'])"
)

_machines = itertools.count(1)


@pytest.fixture
def machine(ready_fleet):
    return machines(ready_fleet)


@pytest.mark.slow
def test_all_instances_have_the_same_id_before_and_after_replacement(machine, counts):
    first, second = machine(), machine()
    before = [instance_id(first), instance_id(second), instance_id(first)]
    replaced = [instance_id(machine()), instance_id(machine())]

    counts(f"instance ids of two instances and of two that replaced them: {before + replaced}")
    assert len({*before, *replaced}) == 1


@pytest.mark.slow
def test_without_the_kept_identity_each_machine_would_be_another_device(machine):
    """Shows that the test above does test this."""
    assert shell(machine(), ASK_MACHINE) != shell(machine(), ASK_MACHINE)


@pytest.mark.slow
def test_an_identity_that_the_environment_gives_wins_unless_it_is_empty(machine):
    given = {"MORANGO_SYSTEM_ID": "given-system", "MORANGO_NODE_ID": "given-node"}
    empty = dict.fromkeys(given, "")
    kept = instance_id(machine())

    assert instance_id(machine(**empty)) == kept
    assert instance_id(machine(**given)) != kept


@pytest.mark.slow
def test_a_device_that_was_made_without_the_plugin_is_one_device_from_then_on(old_fleet):
    machine = machines(old_fleet)

    ids = [instance_id(machine()) for _ in range(3)]

    assert len(set(ids)) == 1
    current = "SELECT count(*) FROM morango_instanceidmodel WHERE current"
    assert old_fleet.postgres.execute(current, database=old_fleet.database) == [(1,)]


@pytest.mark.slow
def test_instances_do_not_look_for_each_other_in_the_network(machine):
    instance = machine()
    del instance.environment["KOLIBRI_ZEROCONF_ENABLED"]

    assert shell(instance, ZEROCONF) == "on False"


def machines(fleet: Fleet) -> Callable[..., Kolibri]:
    """Make instances, each on its own machine, with an empty home."""
    fleet.plugins, fleet.modules = ("another_machine",), (MODULES,)

    def make(**settings: str) -> Kolibri:
        number = next(_machines)
        settings["ANOTHER_MACHINE_NUMBER"] = str(number)
        return fleet.instance(f"machine-{number}", settings)

    return make


def instance_id(instance: Kolibri) -> str:
    return shell(instance, ASK).split()[1]


def shell(instance: Kolibri, code: str) -> str:
    """The last line that the code printed."""
    finished = instance.run("manage", "shell", "-c", code)
    assert finished.code == 0, finished.output
    return finished.stdout.strip().splitlines()[-1]
