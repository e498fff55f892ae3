"""The whole stand-in: its proxy, its control endpoint, and its command line."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from devtools.azure_standin import VAULT_URL, AzureStandin
from devtools.azure_standin.__main__ import main
from devtools.deadline import wait_until

ROOT = Path(__file__).parents[2]
READ_A_SECRET = f"""
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
print(SecretClient({VAULT_URL!r}, ManagedIdentityCredential()).get_secret("greeting").value)
"""


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureStandin]:
    with AzureStandin(tmp_path) as azure:
        yield azure


def control(
    azure: AzureStandin | str, method: str, path: str, content: object = None
) -> tuple[int, Any]:
    """An answer of the control endpoint."""
    url = azure if isinstance(azure, str) else azure.control_url
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{url}{path}", body, method=method)
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with without_proxy.open(request, timeout=10) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    return status, json.loads(text) if text.startswith(("{", "[")) else text


def through_proxy(azure: AzureStandin, request: str) -> str:
    """The status line of the proxy's answer."""
    with socket.create_connection(("127.0.0.1", urlsplit(azure.proxy_url).port or 0)) as proxy:
        proxy.sendall(f"{request}\r\n\r\n".encode())
        return proxy.recv(4096).decode().partition("\r\n")[0]


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


def test_secrets_are_steered_from_another_process(azure: AzureStandin) -> None:
    assert control(azure, "PUT", "/secrets/greeting", {"value": "hello"})[0] == 200
    assert control(azure, "POST", "/secrets/greeting/disable")[0] == 200
    current = azure.secrets.get("greeting")
    assert current is not None
    assert not current.enabled
    assert control(azure, "GET", "/secrets") == (200, {"greeting": [current.version]})
    assert control(azure, "POST", "/secrets/greeting/enable")[0] == 200
    assert control(azure, "DELETE", "/secrets/greeting")[0] == 200
    assert azure.secrets.names() == []


def test_faults_are_steered_from_another_process(azure: AzureStandin) -> None:
    assert control(azure, "PUT", "/faults/vault/throttled", {"times": 2})[0] == 200
    assert control(azure, "PUT", "/faults/identity/slow", {"seconds": 0.2})[0] == 200
    _, active = control(azure, "GET", "/faults")
    assert [(each["name"], each["times"]) for each in active["vault"]] == [("throttled", 2)]
    assert control(azure, "DELETE", "/faults/vault")[0] == 200
    assert [(s, [f.name for f in fs]) for s, fs in azure.faults.active().items()] == [
        ("identity", ["slow"]),
        ("vault", []),
        ("files", []),
    ]
    assert control(azure, "DELETE", "/faults")[0] == 200
    assert not any(azure.faults.active().values())


def test_identities_lifetimes_and_shares_are_steered_from_another_process(
    azure: AzureStandin, tmp_path: Path
) -> None:
    assert control(azure, "PUT", "/identities/abc")[0] == 200
    assert azure.identity.user_assigned == {"abc"}
    assert control(azure, "DELETE", "/identities/abc")[0] == 200
    assert azure.identity.user_assigned == set()
    assert control(azure, "DELETE", "/identities/system")[0] == 200
    assert azure.identity.system_assigned is None
    assert control(azure, "PUT", "/token-lifetime", {"seconds": 2})[0] == 200
    assert azure.identity.token_lifetime == 2
    folder = str(tmp_path / "share")
    assert control(azure, "PUT", "/shares/acc/content", {"folder": folder, "quota": 7})[0] == 200
    assert [(each.account, each.name, each.quota) for each in azure.shares.all()] == [
        ("acc", "content", 7)
    ]
    assert control(azure, "DELETE", "/shares/acc/content")[0] == 200
    assert azure.shares.all() == []


def test_tokens_are_judged_for_another_process(azure: AzureStandin) -> None:
    database = "https://ossrdbms-aad.database.windows.net"
    status, token = control(azure, "POST", "/tokens", {"resource": database, "lifetime": 60})
    assert status == 200
    shown = {"token": token["value"], "resource": database}
    assert control(azure, "POST", "/tokens/check", shown) == (
        200,
        {"valid": True, "reason": "valid", "client_id": azure.identity.system_assigned},
    )
    shown["resource"] = "https://vault.azure.net"
    assert control(azure, "POST", "/tokens/check", shown)[1]["reason"] == "wrong-resource"
    assert control(azure, "POST", "/tokens/check", {"token": "x", "resource": database})[1] == {
        "valid": False,
        "reason": "unknown",
        "client_id": "",
    }


def test_the_log_is_read_and_emptied_from_another_process(azure: AzureStandin) -> None:
    through_proxy(azure, "CONNECT example.org:443 HTTP/1.1")
    _, log = control(azure, "GET", "/requests")
    assert [(each["service"], each["status"]) for each in log] == [("proxy", 403)]
    assert control(azure, "DELETE", "/requests") == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "complaint"),
    [
        ("GET", "/nonsense", None, 404, "GET / lists"),
        ("PUT", "/faults/vault/flood", {}, 400, "has no fault 'flood'"),
        ("PUT", "/faults/vault/slow", {"minutes": 1}, 400, "minutes"),
        ("DELETE", "/secrets/absent", None, 400, "no secret 'absent'"),
        ("GET", "/environment?identity=arc", None, 400, "must be one of"),
        ("GET", "/answer", None, 404, "nothing at /answer"),
    ],
)
def test_mistakes_in_steering_are_explained(
    azure: AzureStandin, method: str, path: str, content: object, status: int, complaint: str
) -> None:
    found, answer = control(azure, method, path, content)
    assert found == status
    assert complaint in answer["error"]


def test_the_control_endpoint_explains_itself(azure: AzureStandin) -> None:
    status, text = control(azure, "GET", "/")
    assert status == 200
    assert "PUT    /faults/SERVICE/FAULT" in str(text)


def test_the_program_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"greeting": "grüezi"}))
    command = [sys.executable, "-m", "devtools.azure_standin", "--state", str(tmp_path / "state")]
    command += ["--secrets", str(tmp_path / "secrets.json"), "--client-id", "abc"]
    command += ["--share", f"account/content={tmp_path / 'share'}", "--identity-header", "fixed"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            lines = list(iter(program.stdout.readline, "# ready\n"))
            environment = dict(
                re.findall(r"^export (\w+)='?([^'\n]*)", "".join(lines), re.MULTILINE)
            )
            assert environment["IDENTITY_HEADER"] == "fixed"
            read = subprocess.run(
                [sys.executable, "-c", READ_A_SECRET],
                env={**os.environ, **environment},
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert (read.stdout.strip(), read.returncode) == ("grüezi", 0), read.stderr
            url = lines[0].rpartition(" ")[2].strip()
            assert control(url, "GET", "/environment") == (200, environment)
        finally:
            program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=10) == 0
    assert (tmp_path / "state" / "environment.sh").stat().st_mode & 0o777 == 0o600


def test_the_program_explains_its_faults_and_its_options(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "forbidden-by-firewall" in text
    assert "PUT    /secrets/NAME" in text
    assert main(["--state", str(tmp_path), "--share", "nonsense"]) == 1
    assert "--share must be ACCOUNT/NAME=FOLDER" in capsys.readouterr().err


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
