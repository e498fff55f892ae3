"""Deployments: everything that Kolibri finds on Azure, healthy until a test breaks it."""

from __future__ import annotations

import itertools
import sys

import pytest

from devtools import share
from devtools.azure_standin import AzureStandin
from devtools.deployment import Deployment
from devtools.fleet import Fleet
from devtools.old_kolibri import OldKolibri
from devtools.process import BackgroundProcess

#: Everything that is hard about a password in a URL, in libpq and in an ini file.
PASSWORD = "p@ss/w:r#d%41?&=+ é"

TEMPLATE = "kolibri_template"
OLD_TEMPLATE = "kolibri_old_template"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mounts():
    """The right to mount a share where only the process under test sees it."""
    if not share.possible():
        pytest.skip(
            "this user may have no mount namespace: run as root, or "
            "sysctl -w kernel.unprivileged_userns_clone=1 "
            "kernel.apparmor_restrict_unprivileged_userns=0"
        )


@pytest.fixture(scope="session")
def role(postgres, mounts):
    """The role that Kolibri signs in as, in a deployment whose share can be mounted."""
    postgres.create_role("kolibri", PASSWORD)
    return "kolibri"


@pytest.fixture
def deployment(tmp_path, azure, authority, postgres, role):
    """A healthy production deployment on an empty database."""
    name = f"kolibri_{next(_numbers)}"
    postgres.create_database(name, owner=role)
    yield Deployment.create(
        tmp_path, azure, postgres, authority, database=name, user=role, password=PASSWORD
    )
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory, authority, postgres, role):
    """A database with a facility, a superuser and a learner, for others to copy."""
    folder = tmp_path_factory.mktemp("template")
    postgres.create_database(TEMPLATE, owner=role)
    with AzureStandin(folder / "azure") as azure:
        deployment = Deployment.create(
            folder, azure, postgres, authority, database=TEMPLATE, user=role, password=PASSWORD
        )
        deployment.provision()
    return TEMPLATE


@pytest.fixture
def provisioned(tmp_path, azure, authority, postgres, role, migrated_template):
    """A healthy deployment on a database with a facility, a superuser and a learner."""
    name = f"kolibri_{next(_numbers)}"
    postgres.clone_database(migrated_template, name, owner=role)
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


@pytest.fixture
def counts(capfd):
    """Prints figures that an issue asks for past pytest's capture, so that every run shows them."""

    def show(line: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n  {line}\n")

    return show


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
