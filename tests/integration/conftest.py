"""Deployments: everything that Kolibri finds on Azure, healthy until a test breaks it."""

from __future__ import annotations

import pytest

from devtools.azure_standin import AzureStandin
from devtools.deployment import DATABASE_PASSWORD as PASSWORD
from devtools.fleet import Fleet
from devtools.instances import another_instance, start_gunicorn
from devtools.old_kolibri import OldKolibri
from devtools.process import BackgroundProcess

OLD_TEMPLATE = "kolibri_old_template"

TEST_DEPLOYMENT = {"KOLIBRI_AZURE_DEPLOYMENT": "test"}

NOT_SET_UP = {
    "KOLIBRI_AZURE_FACILITY_NAME": "",
    "KOLIBRI_AZURE_SUPERUSER_NAME": "",
}


@pytest.fixture
def deployment(tmp_path, azure, deployed):
    """A healthy production deployment on an empty database."""
    with deployed(tmp_path, azure) as made:
        yield made


@pytest.fixture(scope="session")
def migrated_only(tmp_path_factory, deployed):
    """A database with all its tables and no facility, for others to copy."""
    folder = tmp_path_factory.mktemp("migrated-only")
    with AzureStandin(folder / "azure") as azure, deployed(folder, azure) as deployment:
        deployment.environment.update({**TEST_DEPLOYMENT, **NOT_SET_UP})
        deployment.require("manage", "check")
        yield deployment.database


@pytest.fixture
def never_set_up(tmp_path, azure, deployed, migrated_only):
    """A production deployment on such a database."""
    with deployed(tmp_path, azure, migrated_only) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def instances(copied):
    """Two instances of one deployment, each with a home of its own."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        folder = deployment.home.parent
        yield [another_instance(deployment, folder / name) for name in ("first", "second")]


@pytest.fixture(scope="module")
def servers(instances):
    """The web servers of both."""
    with start_gunicorn(instances[0]) as first, start_gunicorn(instances[1]) as second:
        first.wait_until_it_answers()
        second.wait_until_it_answers()
        yield first, second


@pytest.fixture
def fleet_on(tmp_path, authority, postgres, role, own_database):
    """Makes several instances on one database: empty, or a copy."""

    def make(template=None):
        with own_database(template) as name:
            folder = tmp_path / name
            folder.mkdir()
            yield Fleet(folder, postgres, authority, name, role, PASSWORD)

    return make


@pytest.fixture
def fleet(fleet_on):
    """Several instances on one empty database."""
    yield from fleet_on()


@pytest.fixture
def ready_fleet(fleet_on, migrated_template):
    """Several instances on one database that needs no migration."""
    yield from fleet_on(migrated_template)


#: For a test that tries two databases at once.
another_ready_fleet = ready_fleet


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
def old_fleet(fleet_on, old_template):
    """Several instances on one database of Kolibri 0.18.4, whose home is gone."""
    yield from fleet_on(old_template)
