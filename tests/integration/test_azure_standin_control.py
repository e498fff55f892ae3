"""The stand-in for Azure from another process: its control endpoint, and its command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.azure_standin import VAULT_URL, AzureStandin
from devtools.azure_standin.__main__ import main

from .steering import control, through_proxy

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
