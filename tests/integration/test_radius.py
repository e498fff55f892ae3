"""A real PostgreSQL accepts a managed identity's token, but not an expired one."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.postgres import PostgresServer
from devtools.radius import RadiusServer

IDENTITY = "kolibri-identity"
DATABASE = "https://ossrdbms-aad.database.windows.net"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureStandin]:
    with AzureStandin(tmp_path_factory.mktemp("azure")) as azure:
        yield azure


@pytest.fixture(scope="module")
def radius(azure: AzureStandin) -> Iterator[RadiusServer]:
    def accepts(_user: str, password: str) -> str | None:
        verdict = azure.tokens.check(password, DATABASE)
        return None if verdict else verdict.reason

    with RadiusServer(accepts) as radius:
        yield radius


@pytest.fixture(scope="module")
def postgres(
    radius: RadiusServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresServer]:
    authority = CertificateAuthority.create(tmp_path_factory.mktemp("authority"))
    with PostgresServer.temporary(authority) as postgres:
        postgres.create_role(IDENTITY, "never used")
        postgres.use_radius(IDENTITY, port=radius.port, secret=radius.secret)
        yield postgres


def sign_in(postgres: PostgresServer, password: str) -> None:
    psycopg2.connect(
        host=postgres.host,
        port=postgres.port,
        user=IDENTITY,
        password=password,
        dbname="postgres",
        sslmode="require",
    ).close()


def test_a_token_is_the_password(
    azure: AzureStandin, radius: RadiusServer, postgres: PostgresServer
) -> None:
    sign_in(postgres, azure.issue_token(DATABASE).value)
    assert (radius.log[-1].user, radius.log[-1].accepted) == (IDENTITY, True)


@pytest.mark.parametrize(
    ("resource", "lifetime", "reason"),
    [(DATABASE, -1, "expired"), ("https://vault.azure.net", 60, "wrong-resource")],
)
def test_a_token_that_is_not_good_is_refused_and_the_log_says_why(
    azure: AzureStandin,
    radius: RadiusServer,
    postgres: PostgresServer,
    resource: str,
    lifetime: float,
    reason: str,
) -> None:
    token = azure.issue_token(resource, lifetime=lifetime)
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        sign_in(postgres, token.value)
    assert (radius.log[-1].accepted, radius.log[-1].reason) == (False, reason)


def test_the_roles_own_password_opens_nothing(
    radius: RadiusServer, postgres: PostgresServer
) -> None:
    with pytest.raises(psycopg2.OperationalError):
        sign_in(postgres, "never used")
    assert radius.log[-1].reason == "unknown"
