"""Deployments: everything that Kolibri finds on Azure, healthy until a test breaks it."""

from __future__ import annotations

import itertools

import pytest

from devtools.deployment import DATABASE_PASSWORD as PASSWORD
from devtools.deployment import Deployment
from devtools.fleet import Fleet
from devtools.old_kolibri import OldKolibri
from devtools.process import BackgroundProcess

OLD_TEMPLATE = "kolibri_old_template"

_numbers = itertools.count(1)


@pytest.fixture
def deployment(tmp_path, azure, authority, postgres, role):
    """A healthy production deployment on an empty database."""
    name = f"kolibri_{next(_numbers)}"
    postgres.create_database(name, owner=role)
    yield Deployment.create(
        tmp_path, azure, postgres, authority, database=name, user=role, password=PASSWORD
    )
    postgres.drop_database(name)


@pytest.fixture
def fleet(tmp_path, authority, postgres, role):
    """Several instances on one empty database."""
    name = f"kolibri_{next(_numbers)}"
    postgres.create_database(name, owner=role)
    folder = tmp_path / name
    folder.mkdir()
    yield Fleet(folder, postgres, authority, name, role, PASSWORD)
    postgres.drop_database(name)


@pytest.fixture
def ready_fleet(tmp_path, authority, postgres, role, migrated_template):
    """Several instances on one database that needs no migration."""
    yield from _fleet_on_copy(migrated_template, tmp_path, authority, postgres, role)


#: For a test that tries two databases at once.
another_ready_fleet = ready_fleet


def _fleet_on_copy(template, folder, authority, postgres, role):
    name = f"kolibri_{next(_numbers)}"
    postgres.clone_database(template, name, owner=role)
    home = folder / name
    home.mkdir()
    yield Fleet(home, postgres, authority, name, role, PASSWORD)
    postgres.drop_database(name)


@pytest.fixture
def processes():
    """What a test begins; nothing of it outlives the test."""
    begun: list[BackgroundProcess] = []
    yield begun
    for process in begun:
        process.kill()


@pytest.fixture(scope="session")
def old_template(tmp_path_factory, authority, postgres, role):
    """A database that Kolibri 0.18.4 has filled, without this plugin, for others to copy."""
    postgres.create_database(OLD_TEMPLATE, owner=role)
    folder = tmp_path_factory.mktemp("old-template")
    old = OldKolibri.install("0.18.4")
    old.fill(Fleet(folder, postgres, authority, OLD_TEMPLATE, role, PASSWORD))
    return OLD_TEMPLATE


@pytest.fixture
def old_fleet(tmp_path, authority, postgres, role, old_template):
    """Several instances on one database of Kolibri 0.18.4, whose home is gone."""
    yield from _fleet_on_copy(old_template, tmp_path, authority, postgres, role)
