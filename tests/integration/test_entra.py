"""In entra mode the managed identity's token, and no password, signs in to PostgreSQL."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

import pytest

from devtools.channel import CHANNEL_ID, make_channel
from devtools.deadline import wait_until
from devtools.radius import RadiusServer
from kolibri_azure_plugin.cloud.identity import MARGIN
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

from .serving import gunicorn, signed_in, steady_load

RESOURCE = "https://ossrdbms-aad.database.windows.net"
CHECK = ("manage", "--skip-update", "check")

#: Azure's clients renew a token when fewer seconds than this are left.
SPENT = 300

_numbers = itertools.count(1)


@dataclass
class Entra:
    """Decides on sign-ins as Entra does for PostgreSQL on Azure, and records the tokens."""

    azure: object
    identity: str
    revoked: set[str] = field(default_factory=set)
    #: The tokens used, and the seconds for which each was still valid.
    shown: list[tuple[str, float]] = field(default_factory=list)

    def judge(self, user: str, password: str) -> str | None:
        verdict = self.azure.tokens.check(password, RESOURCE)
        if verdict.token:
            self.shown.append((password, verdict.token.expires_on - time.time()))
        if user != self.identity:
            return "another user"
        if password in self.revoked:
            return "revoked"
        return None if verdict else verdict.reason

    def revoke_all(self) -> None:
        self.revoked.update(token.value for token in self.azure.tokens.issued())


@pytest.fixture
def entra(azure):
    return Entra(azure, f"id-kolibri-{next(_numbers)}")


@pytest.fixture
def radius(entra, postgres):
    with RadiusServer(entra.judge) as server:
        postgres.create_role(entra.identity)
        postgres.use_radius(entra.identity, port=server.port, secret=server.secret)
        yield server


@pytest.fixture
def deployment(tmp_path, azure, postgres, role, migrated_template, deployed, entra, radius):
    """A healthy deployment in entra mode; `role` owns everything in the database."""
    postgres.execute(f'GRANT {role} TO "{entra.identity}"')
    account = {"user": entra.identity, "password": "x"}
    with deployed(tmp_path, azure, migrated_template, **account) as made:
        made.environment["KOLIBRI_AZURE_DATABASE_AUTH"] = "entra"
        name_user(azure, made, entra.identity)
        yield made


def name_user(azure, deployment, user):
    """Put a URL without password into the vault."""
    where = deployment.database_url.rpartition("@")[2]
    azure.set_secret("kolibri-database-url", f"postgresql://{user}@{where}")


def tokens_asked_for(azure):
    return [r for r in azure.requests if r.service == "identity" and r.resource == RESOURCE]


def test_a_token_signs_in_for_both_database_stacks(deployment, entra, radius, tmp_path):
    drive = make_channel(tmp_path / "drive")
    result = deployment.run("manage", "importchannel", "disk", CHANNEL_ID, str(drive))
    assert result.returncode == 0, result.stderr
    assert len(radius.log) > 1
    assert all(sign_in.accepted for sign_in in radius.log)
    # One token serves every connection while it is valid.
    assert len({token for token, _ in entra.shown}) == 1


@pytest.mark.parametrize("password", ["hunter2hunter2", "%20"], ids=["a password", "a blank"])
def test_a_password_in_the_url_is_refused(password, azure, deployment, entra, radius):
    name_user(azure, deployment, f"{entra.identity}:{password}")
    result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert "#database-url\n" in result.stderr
    assert "KOLIBRI_AZURE_DATABASE_AUTH is entra" in result.stderr
    assert password not in result.stdout + result.stderr
    assert radius.log == []


def test_another_user_than_the_identity_is_told_to_use_its_name(azure, deployment, radius):
    name_user(azure, deployment, "somebody-else")
    result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert "#database-sign-in\n" in result.stderr
    assert "the user is the identity's name" in result.stderr


def test_a_token_that_is_about_to_end_is_not_even_sent(azure, deployment, radius):
    azure.identity.token_lifetime = MARGIN / 2
    deployment.environment["KOLIBRI_AZURE_STARTUP_TIMEOUT"] = "2"
    result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert "#identity-token-expired\n" in result.stderr
    assert radius.log == []


@pytest.mark.slow
def test_connections_carry_a_fresh_token(azure, deployment, postgres, entra, radius):
    # Each token is fresh only for its first seconds.
    azure.identity.token_lifetime = SPENT + 3
    with gunicorn(deployment) as site:
        learner = signed_in(site.url)

        def reconnect():
            postgres.terminate_connections(deployment.database)
            assert learner.request("PUT", "/api/auth/session/current/", json={}).ok
            return len({token for token, _ in entra.shown}) > 4

        wait_until(reconnect, "tokens to be renewed", 90)
    assert all(sign_in.accepted for sign_in in radius.log)
    assert min(left for _, left in entra.shown) > SPENT - 10
    # The fresh token serves all connections meanwhile.
    assert len(entra.shown) > len({token for token, _ in entra.shown})


@pytest.mark.slow
def test_a_revoked_token_is_renewed_once_for_all_threads(
    azure, deployment, postgres, entra, radius
):
    with gunicorn(deployment, "--workers=1") as site:
        with steady_load(site.url, learners=8) as load:
            wait_until(lambda: load.succeeded > 50, "requests to succeed", 60)
        azure.forget_requests()
        entra.revoke_all()
        postgres.terminate_connections(deployment.database)
        with steady_load(site.url, learners=8) as load:
            wait_until(lambda: load.succeeded > 50, "requests to succeed", 60)
    assert load.failures == []
    assert "revoked" in {sign_in.reason for sign_in in radius.log}
    assert len(tokens_asked_for(azure)) == 1
