"""The real SecretClient against the stand-in's vault: production URL, verification on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseTimeoutError,
)
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from devtools.azure_standin import AzureStandin

NAME, VALUE = "kolibri-database-url", "postgresql://kölibri:p%40ss@db/kolibri"
SETTLED = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 10}
IMPATIENT = {"read_timeout": 0.3}
Client = Callable[..., SecretClient]


@pytest.fixture
def azure(standin: AzureStandin, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureStandin]:
    for name, value in standin.environment().items():
        monkeypatch.setenv(name, value)
    standin.set_secret(NAME, VALUE)
    yield standin
    standin.clear_faults()
    standin.delete_secret(NAME)
    standin.forget_requests()


@pytest.fixture
def client(azure: AzureStandin) -> Client:
    """Make clients without a shared challenge; the SDK caches challenges by host in the process."""
    credential = ManagedIdentityCredential(**SETTLED)

    def make(**options: object) -> SecretClient:
        url = f"https://vault-{uuid.uuid4().hex[:16]}.vault.azure.net"
        return SecretClient(url, credential, **{**SETTLED, **options})

    return make


def asked(azure: AzureStandin) -> list[int]:
    return [each.status for each in azure.requests if each.service == "vault"]


def test_a_secret_is_read_after_one_challenge(azure: AzureStandin, client: Client) -> None:
    vault = client()
    assert vault.get_secret(NAME).value == VALUE
    assert vault.get_secret(NAME).value == VALUE
    assert asked(azure) == [401, 200, 200]


def test_connections_are_kept(azure: AzureStandin, client: Client) -> None:
    vault = client()
    for _ in range(5):
        vault.get_secret(NAME)
    assert [each.method for each in azure.requests].count("CONNECT") == 1


def test_the_log_names_the_caller_and_holds_no_value(azure: AzureStandin, client: Client) -> None:
    client().get_secret(NAME)
    logged = azure.requests[-1]
    assert (logged.path.rstrip("/"), logged.client_id) == (
        f"/secrets/{NAME}",
        azure.identity.system_assigned,
    )
    assert VALUE not in repr(azure.requests) + repr(azure.secrets.versions(NAME))


def test_a_secret_has_versions_and_times(azure: AzureStandin, client: Client) -> None:
    first = azure.secrets.versions(NAME)[0].version
    vault, now = client(), time.time()
    azure.set_secret(NAME, "second", expires=now + 3600, not_before=now - 60)
    current = vault.get_secret(NAME)
    assert current.value == "second"
    assert vault.get_secret(NAME, first).value == VALUE
    assert [each.version for each in vault.list_properties_of_secret_versions(NAME)] == [
        first,
        current.properties.version,
    ]
    assert [each.name for each in vault.list_properties_of_secrets()] == [NAME]
    assert abs(current.properties.created_on.timestamp() - now) < 60
    assert abs(current.properties.expires_on.timestamp() - now - 3600) < 2
    assert abs(current.properties.not_before.timestamp() - now + 60) < 2


def test_expired_and_future_secrets_can_be_read(azure: AzureStandin, client: Client) -> None:
    azure.set_secret(NAME, "expired", expires=time.time() - 60)
    assert client().get_secret(NAME).value == "expired"
    azure.set_secret(NAME, "future", not_before=time.time() + 3600)
    assert client().get_secret(NAME).value == "future"


def test_a_disabled_secret_is_forbidden_until_enabled(azure: AzureStandin, client: Client) -> None:
    azure.disable_secret(NAME)
    with pytest.raises(HttpResponseError) as error:
        client().get_secret(NAME)
    assert (error.value.status_code, error.value.error.innererror["code"]) == (
        403,
        "SecretDisabled",
    )
    azure.enable_secret(NAME)
    assert client().get_secret(NAME).value == VALUE


@pytest.mark.parametrize("name", ["absent", "deleted"])
def test_a_missing_secret_is_not_found(azure: AzureStandin, client: Client, name: str) -> None:
    azure.set_secret("deleted", "once")
    azure.delete_secret("deleted")
    with pytest.raises(ResourceNotFoundError) as error:
        client().get_secret(name)
    assert error.value.error.code == "SecretNotFound"


def test_a_reader_of_secrets_cannot_write_them(azure: AzureStandin, client: Client) -> None:
    with pytest.raises(HttpResponseError) as error:
        client().set_secret(NAME, "overwritten")
    assert error.value.error.innererror["code"] == "ForbiddenByRbac"


def test_names_and_versions_of_the_api_are_checked(azure: AzureStandin, client: Client) -> None:
    with pytest.raises(HttpResponseError, match="invalid name"):
        client().get_secret("kolibri_database_url")
    with pytest.raises(HttpResponseError, match=r"version \(6\.0\) is not recognized"):
        client(api_version="6.0").get_secret(NAME)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("forbidden-by-rbac", 403, "ForbiddenByRbac"),
        ("forbidden-by-policy", 403, "ForbiddenByPolicy"),
        ("forbidden-by-firewall", 403, "ForbiddenByFirewall"),
        ("disabled", 403, "SecretDisabled"),
        ("forbidden-by-rbac-bare", 403, "Forbidden"),
        ("forbidden-by-policy-bare", 403, "Forbidden"),
        ("forbidden-by-firewall-bare", 403, "Forbidden"),
        ("disabled-bare", 403, "Forbidden"),
        ("token-rejected", 401, "Unauthorized"),
        ("not-found", 404, "SecretNotFound"),
        ("throttled", 429, "Throttled"),
        ("server-error", 500, "InternalServerError"),
        ("unavailable", 503, "ServiceUnavailable"),
    ],
)
def test_an_answer_fault_has_the_services_own_status_and_code(
    azure: AzureStandin, client: Client, fault: str, status: int, code: str
) -> None:
    azure.fail("vault", fault)
    with pytest.raises(HttpResponseError) as error:
        client().get_secret(NAME)
    details = error.value.error
    assert error.value.status_code == status
    assert (details.innererror or {}).get("code", details.code) == code
    assert isinstance(error.value, ClientAuthenticationError) is (status == 401)
    azure.clear_faults()
    assert client().get_secret(NAME).value == VALUE


def test_an_answer_in_another_language_has_a_status_and_no_error(
    azure: AzureStandin, client: Client
) -> None:
    azure.fail("vault", "bad-gateway")
    with pytest.raises(HttpResponseError) as error:
        client().get_secret(NAME)
    assert (error.value.status_code, error.value.error) == (502, None)


def test_a_fault_can_strike_a_few_times_only(azure: AzureStandin, client: Client) -> None:
    azure.fail("vault", "throttled", times=2)
    vault = client(retry_total=3, retry_backoff_factor=0.01)
    assert vault.get_secret(NAME).value == VALUE
    assert asked(azure) == [401, 429, 429, 200]


def test_retry_after_is_obeyed_by_the_client(azure: AzureStandin, client: Client) -> None:
    azure.fail("vault", "throttled", times=1, retry_after=1)
    begun = time.monotonic()
    client(retry_total=1, retry_backoff_factor=0).get_secret(NAME)
    assert time.monotonic() - begun >= 1


def test_one_rejected_token_is_challenged_and_then_fine(
    azure: AzureStandin, client: Client
) -> None:
    vault = client()
    vault.get_secret(NAME)
    azure.fail("vault", "token-rejected", times=1)
    assert vault.get_secret(NAME).value == VALUE


@pytest.mark.parametrize(
    ("resource", "lifetime", "reason"),
    [
        ("https://vault.azure.net", -1, "TokenExpired"),
        ("https://storage.azure.com", 3600, "AKV10022: Invalid audience"),
    ],
)
def test_tokens_that_are_expired_or_for_another_resource_are_refused(
    azure: AzureStandin, resource: str, lifetime: float, reason: str
) -> None:
    token = azure.issue_token(resource, lifetime=lifetime)
    vault = SecretClient(f"https://v{uuid.uuid4().hex}.vault.azure.net", Fixed(token), **SETTLED)
    with pytest.raises(ClientAuthenticationError, match=reason):
        vault.get_secret(NAME)


class Fixed:
    """A credential that always returns the same token."""

    def __init__(self, token: object) -> None:
        self.token = token

    def get_token(self, *_: object, **__: object) -> AccessToken:
        return AccessToken(self.token.value, int(time.time()) + 3600)


def test_a_hanging_vault_times_out(azure: AzureStandin, client: Client) -> None:
    azure.fail("vault", "hang")
    with pytest.raises(ServiceResponseTimeoutError):
        client(**IMPATIENT).get_secret(NAME)
    assert asked(azure) == [0]


def test_a_slow_vault_answers_late(azure: AzureStandin, client: Client) -> None:
    azure.fail("vault", "slow", seconds=0.05)
    begun = time.monotonic()
    assert client().get_secret(NAME).value == VALUE
    assert time.monotonic() - begun >= 0.1, "the challenge and the answer, 50 ms each"


def test_a_drip_outlives_the_read_timeout(azure: AzureStandin, client: Client) -> None:
    azure.fail("vault", "drip", seconds=0.001)
    begun = time.monotonic()
    assert client(**IMPATIENT).get_secret(NAME).value == VALUE
    assert time.monotonic() - begun > IMPATIENT["read_timeout"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong-authority", "unable to get local issuer|self.signed"),
        ("wrong-host", "Hostname mismatch"),
        ("expired-certificate", "certificate has expired"),
        ("refused", "502 Bad Gateway"),
        ("unknown-host", "503 Service Unavailable"),
        ("reset", "Remote end closed|reset"),
    ],
)
def test_a_broken_connection_is_a_request_error(
    azure: AzureStandin, client: Client, fault: str, reason: str
) -> None:
    azure.fail("vault", fault)
    with pytest.raises(ServiceRequestError, match=reason):
        client().get_secret(NAME)


def test_a_wrong_certificate_is_met_by_clients_that_were_connected(
    azure: AzureStandin, client: Client
) -> None:
    vault = client()
    vault.get_secret(NAME)
    azure.fail("vault", "wrong-authority", times=1)
    with pytest.raises(ServiceRequestError, match="certificate verify failed"):
        vault.get_secret(NAME)
    assert vault.get_secret(NAME).value == VALUE


def test_an_identity_that_fails_is_told_by_the_vaults_client(
    azure: AzureStandin, client: Client
) -> None:
    azure.fail("identity", "server-error")
    with pytest.raises(ClientAuthenticationError, match="500, "):
        client().get_secret(NAME)
