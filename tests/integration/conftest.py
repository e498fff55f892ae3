"""Deployments with everything that Kolibri has on Azure, healthy until a test breaks them."""

from __future__ import annotations

import pytest

from devtools.azure_standin import AzureStandin
from devtools.deployment import DATABASE_PASSWORD as PASSWORD
from devtools.fleet import Fleet
from devtools.instances import another_instance, start_gunicorn
from devtools.old_kolibri import OldKolibri
from devtools.process import BackgroundProcess
from devtools.school_homes import make_home

from .backing_up import Backups
from .doctor_rounds import begin_pair
from .first_library import StudioHome

OLD_TEMPLATE = "kolibri_old_template"

TEST_DEPLOYMENT = {"KOLIBRI_AZURE_DEPLOYMENT": "test"}

NO_SETUP_SETTINGS = {
    "KOLIBRI_AZURE_FACILITY_NAME": "",
    "KOLIBRI_AZURE_SUPERUSER_NAME": "",
}


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    """A stand-in for Azure, which a module's tests share."""
    with AzureStandin(tmp_path_factory.mktemp("azure")) as standin:
        yield standin


@pytest.fixture(scope="module")
def instance(copied):
    """One instance without a proxy in front, with its own home."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        yield another_instance(deployment, deployment.home.parent / "one")


@pytest.fixture
def deployment(tmp_path, azure, deployed):
    """A healthy production deployment on an empty database."""
    with deployed(tmp_path, azure) as made:
        yield made


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory, deployed):
    """A database with all tables and no facility, as a template."""
    folder = tmp_path_factory.mktemp("migrated-only")
    with AzureStandin(folder / "azure") as azure, deployed(folder, azure) as deployment:
        deployment.environment.update({**TEST_DEPLOYMENT, **NO_SETUP_SETTINGS})
        deployment.require("manage", "check")
        yield deployment.database


@pytest.fixture
def unprovisioned(tmp_path, azure, deployed, migrated_database):
    """A production deployment with a copy of that database."""
    with deployed(tmp_path, azure, migrated_database) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def instances(copied):
    """Two instances of one deployment, each with its own home."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        folder = deployment.home.parent
        yield [another_instance(deployment, folder / name) for name in ("first", "second")]


@pytest.fixture(scope="module")
def servers(instances):
    """The web servers of both."""
    with start_gunicorn(instances[0]) as first, start_gunicorn(instances[1]) as second:
        first.wait_until_serving()
        second.wait_until_serving()
        yield first, second


@pytest.fixture
def fleet_on(tmp_path, authority, postgres, role, temporary_database):
    """Make several instances on one database: empty, or a copy."""

    def make(template=None):
        with temporary_database(template) as name:
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


#: For a test that uses two databases at once.
another_ready_fleet = ready_fleet


@pytest.fixture
def processes():
    """Processes of a test, which end with it."""
    begun: list[BackgroundProcess] = []
    yield begun
    for process in begun:
        process.kill()


@pytest.fixture
def backups(provisioned, postgres, role):
    """A deployment with a facility, an administrator and a learner, and a folder for backups."""
    postgres.execute(f"ALTER ROLE {role} CREATEDB")
    provisioned.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    return Backups.of(provisioned)


@pytest.fixture
def sql(backups, postgres):
    """Run a statement in its database."""
    return lambda text: postgres.execute(text, database=backups.deployment.database)


@pytest.fixture(scope="session")
def old_template(tmp_path_factory, authority, postgres, role):
    """A template database that Kolibri 0.18.4 has filled, without this plugin."""
    postgres.create_database(OLD_TEMPLATE, owner=role)
    folder = tmp_path_factory.mktemp("old-template")
    old = OldKolibri.install("0.18.4")
    old.fill(Fleet(folder, postgres, authority, OLD_TEMPLATE, role, PASSWORD))
    return OLD_TEMPLATE


@pytest.fixture(scope="session")
def school_home(tmp_path_factory):
    """A home of the present version, which tests copy, or move in from without a change."""
    return make_home(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="session")
def studio_home(tmp_path_factory):
    """The home of a stock Kolibri with two channels."""
    return StudioHome.make(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def old_fleet(fleet_on, old_template):
    """Several instances on one database of Kolibri 0.18.4, without its home."""
    yield from fleet_on(old_template)


@pytest.fixture
def pair(provisioned, azure, postgres):
    """Two instances whose doctors make rounds."""
    with begin_pair(provisioned, azure, postgres) as pair:
        yield pair
