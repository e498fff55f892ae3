"""Servers that the tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.postgres import PostgresServer


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
