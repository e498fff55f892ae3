"""Deployments: everything that Kolibri finds on Azure, healthy until a test breaks it."""

from __future__ import annotations

import itertools

import pytest

from devtools.azure_standin import AzureStandin
from devtools.deployment import Deployment

#: Everything that is hard about a password in a URL, in libpq and in an ini file.
PASSWORD = "p@ss/w:r#d%41?&=+ é"

TEMPLATE = "kolibri_template"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def role(postgres):
    """The role that Kolibri signs in as."""
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
