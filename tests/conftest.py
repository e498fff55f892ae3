"""Servers that the tests share."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path

# Once imported, Kolibri puts its bundled libraries first on the path, among them a greenlet that
# the browser can't use. So the browser's greenlet is imported before.
import playwright.sync_api  # noqa: F401
import pytest

from devtools import share
from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.deployment import DATABASE_PASSWORD, Deployment
from devtools.postgres import PostgresServer
from kolibri_azure_plugin.errors import redaction
from tests.clones import make_clone
from tests.distribution import (  # noqa: F401
    counts,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
    pytest_xdist_make_scheduler,
)
from tests.skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401
from tests.smb_lab import healthy_lab, smb_lab  # noqa: F401

# Kolibri's bundled libraries are on the path from here on, as in any process of Kolibri, and in the
# one that only distributes the tests, too: it reads the warnings that they raise.
os.environ["KOLIBRI_HOME"] = tempfile.mkdtemp(prefix="kolibri-home-")
atexit.register(shutil.rmtree, os.environ["KOLIBRI_HOME"], ignore_errors=True)

import kolibri  # noqa: E402, F401

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def no_known_secrets():
    """Each test starts without the secrets of earlier ones, which may be ordinary words."""
    redaction.forget_all()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The certificate authority that signed PostgreSQL's certificate."""
    return CertificateAuthority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    """An authority whose certificates no server uses."""
    return CertificateAuthority.create(tmp_path_factory.mktemp("other-authority"), "Others")


@pytest.fixture(scope="session")
def postgres(authority):
    """A PostgreSQL with TLS, for the whole run."""
    with PostgresServer.temporary(authority) as server:
        yield server


@pytest.fixture
def azure(tmp_path):
    """The identity endpoint, the vault and the storage account of one test."""
    with AzureStandin(tmp_path / "azure") as standin:
        yield standin


@pytest.fixture(scope="session")
def repository():
    """The root of the checkout."""
    return Path(__file__).parents[1]


@pytest.fixture
def clone(repository, tmp_path):
    """A git repository with this checkout's files, which a test can change."""
    return make_clone(repository, tmp_path / "clone")


@pytest.fixture(scope="session")
def mounts():
    """The right to mount a share that only the process under test sees."""
    if not share.possible():
        pytest.skip(
            "this user may have no mount namespace: run as root, or "
            "sysctl -w kernel.unprivileged_userns_clone=1 "
            "kernel.apparmor_restrict_unprivileged_userns=0"
        )


@pytest.fixture(scope="session")
def role(postgres, mounts):
    """The role that Kolibri signs in as, in a deployment whose share can be mounted."""
    postgres.create_role("kolibri", DATABASE_PASSWORD)
    return "kolibri"


@pytest.fixture(scope="session")
def temporary_database(postgres, role):
    """Make a database for a `with` block: empty, or a copy, which needs no migration."""

    @contextlib.contextmanager
    def make(template=None):
        name = f"kolibri_{next(_numbers)}"
        if template:
            postgres.clone_database(template, name, owner=role)
        else:
            postgres.create_database(name, owner=role)
        try:
            yield name
        finally:
            postgres.drop_database(name)

    return make


@pytest.fixture(scope="session")
def deployed(authority, postgres, role, temporary_database):
    """Make a healthy production deployment for a `with` block, on its own database."""

    @contextlib.contextmanager
    def make(folder, azure, template=None, *, user=role, password=DATABASE_PASSWORD):
        with temporary_database(template) as name:
            yield Deployment.create(
                folder, azure, postgres, authority, database=name, user=user, password=password
            )

    return make


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory, deployed):
    """A template database with a facility, a superuser and a learner."""
    folder = tmp_path_factory.mktemp("template")
    with AzureStandin(folder / "azure") as azure, deployed(folder, azure) as deployment:
        deployment.provision()
        yield deployment.database


@pytest.fixture(scope="session")
def copied(tmp_path_factory, deployed, migrated_template):
    """Makes what `provisioned` is, and its Azure, for fixtures that several tests share."""

    @contextlib.contextmanager
    def make():
        folder = tmp_path_factory.mktemp("copied")
        with (
            AzureStandin(folder / "azure") as azure,
            deployed(folder, azure, migrated_template) as deployment,
        ):
            yield deployment, azure

    return make


@pytest.fixture
def provisioned(tmp_path, azure, deployed, migrated_template):
    """A healthy deployment on a database with a facility, a superuser and a learner."""
    with deployed(tmp_path, azure, migrated_template) as deployment:
        yield deployment
