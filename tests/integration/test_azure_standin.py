"""The whole stand-in for Azure: its proxy, its faults, and its starts and stops."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from devtools.azure_standin import VAULT_URL, AzureStandin
from devtools.deadline import wait_until

from .steering import through_proxy


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureStandin]:
    with AzureStandin(tmp_path) as azure:
        yield azure


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("school.vault.azure.net:443", 200),
        ("SCHOOL.VAULT.AZURE.NET:443", 200),
        ("account.file.core.windows.net:443", 200),
        ("school.vault.azure.net:8444", 403),
        ("account.blob.core.windows.net:443", 403),
        ("studio.learningequality.org:443", 403),
        ("vault.azure.net.example.org:443", 403),
        ("127.0.0.1:22", 403),
    ],
)
def test_the_proxy_leads_to_the_stand_ins_services_only(
    azure: AzureStandin, destination: str, status: int
) -> None:
    assert through_proxy(azure, f"CONNECT {destination} HTTP/1.1").split()[1] == str(status)
    assert (azure.requests[-1].path, azure.requests[-1].status) == (destination, status)


def test_the_proxy_fetches_nothing(azure: AzureStandin) -> None:
    assert " 403 " in through_proxy(azure, "GET http://example.org/ HTTP/1.1")


def test_faults_that_do_not_exist_are_named(azure: AzureStandin) -> None:
    with pytest.raises(ValueError, match=r"vault has no fault 'flood'; it has .*throttled"):
        azure.fail("vault", "flood")
    with pytest.raises(ValueError, match="no service 'blobs'; there are identity, vault, files"):
        azure.fail("blobs", "slow")
    with pytest.raises(ValueError, match="times must be 1 or more"):
        azure.fail("vault", "slow", times=0)


def test_stopping_ends_hanging_requests_and_leaves_no_threads(tmp_path: Path) -> None:
    before = threading.active_count()
    for _ in range(5):
        with AzureStandin(tmp_path) as azure:
            azure.fail("identity", "hang")
            hanging = http.client.HTTPConnection("127.0.0.1", identity_port(azure))
            hanging.request("GET", "/msi/token")
            wait_until(lambda azure=azure: azure.requests, "the request to come", 10)
        hanging.close()
    wait_until(lambda: threading.active_count() <= before, "the threads to end", 10)


def test_many_run_at_once(tmp_path: Path) -> None:
    standins = [AzureStandin(tmp_path / str(number)).start() for number in range(10)]
    try:
        for number, each in enumerate(standins):
            each.set_secret("number", str(number))
        assert len({each.proxy_url for each in standins}) == 10
        assert len({each.identity.header for each in standins}) == 10
    finally:
        for each in standins:
            each.stop()


def test_a_second_start_keeps_the_authority_and_the_secrets_it_was_told_to_keep(
    tmp_path: Path,
) -> None:
    with AzureStandin(tmp_path, keeps_secrets=True) as azure:
        azure.set_secret("greeting", "grüezi")
        authority = azure.authority_file.read_bytes()
    with AzureStandin(tmp_path, keeps_secrets=True) as azure:
        kept = azure.secrets.get("greeting")
        assert kept is not None
        assert kept.value == "grüezi"
        assert azure.authority_file.read_bytes() == authority
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_stop_refuses_connections_until_a_start_on_the_same_ports(tmp_path: Path) -> None:
    azure = AzureStandin(tmp_path).start()
    environment = azure.environment()
    azure.stop()
    with pytest.raises(ConnectionRefusedError):
        through_proxy(azure, "CONNECT school.vault.azure.net:443 HTTP/1.1")
    with azure:
        assert azure.environment() == environment
        assert " 200 " in through_proxy(azure, "CONNECT school.vault.azure.net:443 HTTP/1.1")


def test_secrets_are_not_kept_unless_asked(azure: AzureStandin, tmp_path: Path) -> None:
    azure.set_secret("greeting", "grüezi-recognisable")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"recognisable" not in path.read_bytes()


def test_a_port_that_is_taken_is_named(azure: AzureStandin, tmp_path: Path) -> None:
    port = urlsplit(azure.proxy_url).port or 0
    with pytest.raises(OSError, match=f"proxy cannot listen on 127.0.0.1:{port}"):
        AzureStandin(tmp_path / "second", ports={"proxy": port}).start()


def test_a_client_in_this_process_works_with_both(
    azure: AzureStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    azure.set_secret("greeting", "hello")
    client = SecretClient(VAULT_URL, ManagedIdentityCredential(retry_total=0), retry_total=0)
    assert client.get_secret("greeting").value == "hello"


def identity_port(azure: AzureStandin) -> int:
    return urlsplit(azure.environment()["IDENTITY_ENDPOINT"]).port or 0
