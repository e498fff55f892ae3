"""Servers that the tests share."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path

# Kolibri, once imported, puts libraries of its own in front of everybody's, among them a greenlet
# without what the browser needs. So the browser's comes first.
import playwright.sync_api  # noqa: F401
import pytest

from devtools import share
from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.deployment import DATABASE_PASSWORD, Deployment
from devtools.postgres import PostgresServer
from kolibri_azure_plugin import redaction
from tests.clones import make_clone
from tests.distribution import (  # noqa: F401
    counts,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
    pytest_xdist_make_scheduler,
)
from tests.smb_lab import healthy_lab, smb_lab  # noqa: F401

# Kolibri's bundled libraries are on the path from here on, as in any process of Kolibri, and in the
# one that only distributes the tests, too: it reads the warnings that they raise.
os.environ["KOLIBRI_HOME"] = tempfile.mkdtemp(prefix="kolibri-home-")
atexit.register(shutil.rmtree, os.environ["KOLIBRI_HOME"], ignore_errors=True)

import kolibri  # noqa: E402, F401

_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup():
    with skip_without_fuse():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    with skip_without_fuse():
        return (yield)


@contextlib.contextmanager
def skip_without_fuse():
    """Skip a test whose fault this user can't plant, with what would help."""
    try:
        yield
    except share.NoFuseError as reason:
        pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def nothing_to_mask(monkeypatch):
    """Each test begins without the secrets of those before it, which may be ordinary words."""
    monkeypatch.setattr(redaction, "_known", set())


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The certificate authority that signed PostgreSQL's certificate."""
    return CertificateAuthority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    """An authority that signed nothing that is in use."""
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
    """A repository of git with this checkout's files, free to be changed."""
    return make_clone(repository, tmp_path / "clone")


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
    postgres.create_role("kolibri", DATABASE_PASSWORD)
    return "kolibri"


@pytest.fixture(scope="session")
def own_database(postgres, role):
    """Makes a database for a `with` block: empty, or a copy, which takes no migration."""

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
def deployed(authority, postgres, role, own_database):
    """Makes a healthy production deployment for a `with` block, on a database of its own."""

    @contextlib.contextmanager
    def make(folder, azure, template=None, *, user=role, password=DATABASE_PASSWORD):
        with own_database(template) as name:
            yield Deployment.create(
                folder, azure, postgres, authority, database=name, user=user, password=password
            )

    return make


@pytest.fixture(scope="session")
def migrated_template(tmp_path_factory, deployed):
    """A database with a facility, a superuser and a learner, for others to copy."""
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
