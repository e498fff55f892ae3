"""The real ManagedIdentityCredential against the stand-in's identity endpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.exceptions import ServiceResponseTimeoutError as NoAnswerError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

from devtools.azure_standin import AzureStandin

VAULT = "https://vault.azure.net"
DATABASE = "https://ossrdbms-aad.database.windows.net"
SETTLED = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 10}
IMPATIENT = {"read_timeout": 0.3}


@pytest.fixture
def azure(standin: AzureStandin, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureStandin]:
    """The stand-in without faults, in an environment that looks like App Service."""
    enter(standin, monkeypatch, "app-service")
    yield standin
    standin.clear_faults()
    standin.forget_requests()
    standin.identity.token_lifetime = 86400


@pytest.fixture
def machine(azure: AzureStandin, monkeypatch: pytest.MonkeyPatch) -> AzureStandin:
    """The same in an environment that looks like a virtual machine."""
    enter(azure, monkeypatch, "imds")
    return azure


def enter(standin: AzureStandin, monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in standin.environment(identity).items():
        monkeypatch.setenv(name, value)


def ask(resource: str = VAULT, **options: object) -> str:
    credential = ManagedIdentityCredential(**{**SETTLED, **options})
    token: str = credential.get_token(f"{resource}/.default").token
    return token


def asked(azure: AzureStandin) -> int:
    return len([each for each in azure.requests if each.service == "identity"])


def test_a_token_is_bound_to_its_resource_and_fits_a_radius_password(azure: AzureStandin) -> None:
    token = ask(DATABASE)
    assert len(token) <= 100
    assert azure.tokens.check(token, DATABASE)
    assert azure.tokens.check(token, f"{DATABASE}/")
    assert azure.tokens.check(token, VAULT).reason == "wrong-resource"
    assert azure.tokens.check(token[:-1], DATABASE).reason == "unknown"
    assert token not in repr(azure.tokens.issued())


def test_no_two_tokens_are_alike(azure: AzureStandin) -> None:
    assert ask() != ask()
    assert azure.issue_token(VAULT).value != azure.issue_token(VAULT).value


def test_the_endpoint_of_a_machine_gives_tokens_too(machine: AzureStandin) -> None:
    assert machine.tokens.check(ask(), VAULT)
    assert machine.requests[-1].path == "/metadata/identity/oauth2/token"


def test_the_log_names_identity_and_resource_but_no_token(azure: AzureStandin) -> None:
    token = ask(DATABASE)
    logged = azure.requests[-1]
    assert (logged.service, logged.method, logged.status) == ("identity", "GET", 200)
    assert (logged.client_id, logged.resource) == (azure.identity.system_assigned, DATABASE)
    assert token not in repr(azure.requests)


def test_an_assigned_identity_is_asked_for_by_its_client_id(azure: AzureStandin) -> None:
    client_id = azure.add_identity()
    verdict = azure.tokens.check(ask(client_id=client_id), VAULT)
    assert verdict.token is not None
    assert verdict.token.client_id == client_id


@pytest.mark.parametrize("kind", ["app-service", "imds"])
def test_an_unknown_client_id_is_no_identity(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    enter(azure, monkeypatch, kind)
    with pytest.raises(CredentialUnavailableError, match=r"No User Assigned|Identity not found"):
        ask(client_id="00000000-0000-0000-0000-000000000000")
    assert azure.requests[-1].status == 400


def test_without_a_system_assigned_identity_a_client_id_is_needed(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = azure.add_identity()
    monkeypatch.setattr(azure.identity, "system_assigned", None)
    with pytest.raises(CredentialUnavailableError, match="400, Unable to load the proper"):
        ask()
    assert ask(client_id=client_id)


def test_a_wrong_identity_header_is_refused(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises(CredentialUnavailableError, match="401"):
        ask()


def test_an_unknown_resource_is_refused(azure: AzureStandin) -> None:
    with pytest.raises(CredentialUnavailableError, match="500, AADSTS500011"):
        ask("https://unknown.example.org")


FAULTS = {
    "unknown-identity": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "throttled": 429,
    "server-error": 500,
}


@pytest.mark.parametrize(("fault", "status"), [*FAULTS.items(), ("not-ready", 503)])
def test_app_services_errors_make_the_credential_unavailable_and_stand_in_its_text(
    azure: AzureStandin, fault: str, status: int
) -> None:
    azure.fail("identity", fault)
    with pytest.raises(CredentialUnavailableError, match=rf"\(invalid_scope\) {status}, ") as error:
        ask()
    assert str(error.value).startswith("App Service managed identity configuration not found")
    assert azure.requests[-1].fault == fault


@pytest.mark.parametrize(("fault", "status"), [*FAULTS.items(), ("not-ready", 410)])
def test_a_machines_errors_stand_in_no_text_but_a_hook_sees_them(
    machine: AzureStandin, fault: str, status: int
) -> None:
    seen = []
    machine.fail("identity", fault)
    with pytest.raises(CredentialUnavailableError, match="no response from the IMDS endpoint"):
        ask(raw_response_hook=lambda answer: seen.append(answer.http_response.status_code))
    assert seen == [status]


def test_an_answer_in_another_language_is_a_plain_value_error(azure: AzureStandin) -> None:
    azure.fail("identity", "bad-gateway")
    with pytest.raises(json.JSONDecodeError):
        ask()


def test_an_endpoint_that_hangs_times_out(azure: AzureStandin) -> None:
    azure.fail("identity", "hang")
    with pytest.raises(NoAnswerError):
        ask(**IMPATIENT)
    assert (azure.requests[-1].status, azure.requests[-1].fault) == (0, "hang")


def test_a_machines_endpoint_that_hangs_hides_the_time_out(machine: AzureStandin) -> None:
    machine.fail("identity", "hang")
    with pytest.raises(CredentialUnavailableError) as error:
        ask(**IMPATIENT)
    assert isinstance(error.value.__cause__, NoAnswerError)


def test_a_connection_that_is_reset_is_a_response_error(azure: AzureStandin) -> None:
    azure.fail("identity", "reset")
    with pytest.raises(ServiceResponseError):
        ask()


def test_a_slow_drip_outlives_the_read_timeout(azure: AzureStandin) -> None:
    azure.fail("identity", "drip", seconds=0.003)
    begun = time.monotonic()
    assert ask(**IMPATIENT)
    assert time.monotonic() - begun > IMPATIENT["read_timeout"]


def test_a_refused_endpoint_is_a_request_error(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token")
    with pytest.raises(ServiceRequestError):
        ask()


def test_no_identity_at_all_is_unavailable(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(azure, monkeypatch, "none")
    with pytest.raises(CredentialUnavailableError):
        ask()
    assert not azure.requests


def test_a_credential_repeats_a_server_error_for_five_seconds_without_asking(
    azure: AzureStandin,
) -> None:
    azure.fail("identity", "not-ready", times=1)
    credential = ManagedIdentityCredential(**SETTLED)
    for _ in range(3):
        with pytest.raises(CredentialUnavailableError):
            credential.get_token(f"{VAULT}/.default")
    assert asked(azure) == 1
    assert ask(), "a new credential asks at once"


def test_a_credential_asks_again_at_once_after_a_client_error(azure: AzureStandin) -> None:
    azure.fail("identity", "unknown-identity", times=1)
    credential = ManagedIdentityCredential(**SETTLED)
    with pytest.raises(CredentialUnavailableError):
        credential.get_token(f"{VAULT}/.default")
    assert credential.get_token(f"{VAULT}/.default").token


@pytest.mark.parametrize(("lifetime", "requests"), [(3600, 1), (310, 1), (290, 3), (2, 3)])
def test_a_credential_renews_its_token_in_the_last_five_minutes(
    azure: AzureStandin, lifetime: float, requests: int
) -> None:
    azure.identity.token_lifetime = lifetime
    credential = ManagedIdentityCredential(**SETTLED)
    tokens = {credential.get_token(f"{VAULT}/.default").token for _ in range(3)}
    assert asked(azure) == len(tokens) == requests


def test_an_expired_token_is_known_as_such(azure: AzureStandin) -> None:
    azure.identity.token_lifetime = -1
    assert azure.tokens.check(ask(), VAULT).reason == "expired"
