"""The modes of ``docker/entrypoint``, and other commands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import requests

from devtools import container_processes
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import START_SECONDS
from kolibri_azure_plugin.container import configuration, settings
from kolibri_azure_plugin.container.listening import listen
from kolibri_azure_plugin.container.supervision import PARTS
from kolibri_azure_plugin.doctor.checks.database_health import IMAGE_LIMIT_VARIABLE
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

#: Settings that the web app for interactive content lacks; see tests/arm/app_settings.py.
OF_THE_APP_ALONE = ("KOLIBRI_AZURE_KEY_VAULT_URL", "IDENTITY_ENDPOINT", "IDENTITY_HEADER")


def run(tmp_path, *words, **environment):
    """Run the entrypoint to its end, without a deployment in its environment."""
    return subprocess.run(
        [str(container_processes.ENTRYPOINT), *words],
        env={
            "PATH": container_processes.search_path(),
            "PYTHONPATH": str(container_processes.REPOSITORY),
            "KOLIBRI_HOME": str(tmp_path / "home"),
            "KOLIBRI_CONTAINER_RUN": str(tmp_path / "run"),
            **environment,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_web_serves_the_app_and_its_content_on_two_hosts_of_one_port(web):
    assert set(web.parts()) == set(PARTS["web"])
    content = {"Host": web.zipcontent_host}

    def checks(**headers):
        answer = requests.get(f"{web.url}/azure/health/ready", headers=headers, timeout=10)
        return set(answer.json()["checks"])

    assert checks() == {"database", "content"}
    assert checks(**content) == {"content"}
    assert requests.get(f"{web.url}/en/auth/", timeout=10).status_code == 200
    assert requests.get(f"{web.url}/en/auth/", headers=content, timeout=10).status_code == 404


def test_web_serves_the_status_page_with_its_style_and_script(web):
    client = KolibriClient(web.url, forwarded_https=True)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    page = client.request("GET", "/azure/status/")
    assert page.status_code == 200
    files = re.findall(r'(?:href|src)="(/static/kolibri_azure_plugin/[^"]+)"', page.text)
    assert {Path(file.partition("?")[0]).suffix for file in files} >= {".css", ".js"}
    for file in files:
        assert client.request("GET", file).status_code == 200, file


def test_web_is_the_default_mode(start):
    container = start("")
    container.wait_until_ready()
    assert set(container.parts()) == set(PARTS["web"])


def test_web_without_a_second_host_reports_what_does_not_open(start):
    container = start(KOLIBRI_ZIP_CONTENT_ORIGIN="")
    container.wait_until_ready()
    assert set(container.parts()) == {*PARTS["web"]} - {"zipcontent"}
    assert "HTML5, H5P and Bloom resources do not open" in container.output


def test_web_without_workers_only_serves(start):
    container = start(KOLIBRI_AZURE_WORKERS="off")
    container.wait_until_ready()
    assert "worker" not in container.parts()


def test_worker_runs_the_workers_and_listens_nowhere(start):
    container = start("worker")
    container.wait_until(
        lambda: "This instance runs the background workers now" in container.output,
        "the lease",
        START_SECONDS,
    )
    assert set(container.parts()) == {"worker", "doctor"}
    assert not container.is_ready()
    assert container.stop() == 0


def test_the_content_server_in_the_apps_container_has_no_identity_and_no_secret(start):
    container = start(
        KOLIBRI_SUPERUSER_PASSWORD="a-secret-of-the-app",
        KOLIBRI_AZURE_SIGNING_KEY_SECRET="school-key",
        SCHOOL_KEY="a-key-under-an-unguessable-name-of-32-characters",
    )
    container.wait_until_ready()
    environments = {
        part: Path(f"/proc/{pid}/environ").read_bytes() for part, pid in container.parts().items()
    }
    secrets = (
        b"IDENTITY_HEADER=", b"KOLIBRI_AZURE_KEY_VAULT_URL=", b"a-secret-of-the-app", b"SCHOOL_KEY="
    )  # fmt: skip
    assert all(secret in environments["app"] for secret in secrets)
    for part in ("zipcontent", "nginx", "content", "content_watch"):
        assert not [secret for secret in secrets if secret in environments[part]]


def test_zipcontent_serves_every_host_without_vault_or_database(start, provisioned):
    for name in OF_THE_APP_ALONE:
        provisioned.environment.pop(name, None)
    container = start("zipcontent")
    container.wait_until_ready()

    assert set(container.parts()) == set(PARTS["zipcontent"])
    answer = requests.get(f"{container.url}/azure/health/ready", timeout=10)
    assert answer.json()["checks"] == {"content": "pass"}
    assert requests.get(f"{container.url}/en/auth/", timeout=10).status_code == 404


def test_check_is_the_doctor_with_its_arguments(tmp_path):
    listing = run(tmp_path, "check", "--list")
    assert listing.returncode == 0
    assert "azure.database.connections" in listing.stdout


def test_the_doctor_knows_the_threads_that_the_container_chose(tmp_path):
    told = run(tmp_path, "sh", "-c", "echo threads $KOLIBRI_CHERRYPY_THREAD_POOL")
    assert re.fullmatch(r"threads [1-9]\d*\n", told.stdout)


def test_a_part_that_ends_with_the_plugins_exit_code_is_not_started_again(repository):
    finish = (repository / "docker" / "services" / "finish").read_text(encoding="utf-8")
    assert set(re.findall(r'"\$code" -eq (\d+)', finish)) == {str(EXIT_CODE)}
    assert f"echo {EXIT_CODE} >../exit-code" in finish
    assert f" 0-{EXIT_CODE - 1},{EXIT_CODE + 1}-255," in finish


def test_the_doctor_reads_a_setting_that_the_image_has():
    assert IMAGE_LIMIT_VARIABLE in {row.variable for _, row in settings.rows()}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["no-such-command"], 127),
        ([os.devnull], 126),
    ],
)
def test_any_other_command_is_passed_through_with_its_exit_code(words, code, tmp_path):
    assert run(tmp_path, *words).returncode == code


def test_a_command_gets_its_arguments_as_they_are(tmp_path):
    words = ["a b", "$HOME", "'", ""]
    printed = run(tmp_path, "printf", "[%s]", *words).stdout
    assert printed == "".join(f"[{word}]" for word in words)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "eighty", "PORT (environment): is 'eighty', but must be a whole number"),
        ("KOLIBRI_AZURE_LOG_FORMAT", "xml", "KOLIBRI_AZURE_LOG_FORMAT (environment): is 'xml'"),
        ("KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS", "3", "MAX_CONNECTIONS is 3"),
        ("KOLIBRI_CONTAINER_RUN", "/dev/null/run", "has no folder for its run-time files"),
        ("PORT", "70000", "port 70000"),
        ("KOLIBRI_LISTEN_ADDRESS", "localhost", "'localhost' does not appear to be an IP"),
    ],
)
def test_the_message_about_a_wrong_setting_is_the_last_that_is_printed(
    variable, value, said, tmp_path
):
    refused = run(tmp_path, "web", **{variable: value, "KOLIBRI_ZIP_CONTENT_ORIGIN": "http://c.d"})
    assert refused.returncode == EXIT_CODE
    assert said in refused.stderr
    assert re.search(r"docs/troubleshooting\.md#[a-z-]+$", refused.stderr.strip())
    assert refused.stdout == ""


def test_a_folder_in_which_others_may_write_is_refused(tmp_path):
    (tmp_path / "run").mkdir(mode=0o777)
    (tmp_path / "run").chmod(0o777)
    refused = run(tmp_path, "web")
    assert refused.returncode == EXIT_CODE
    assert "another user may write there" in refused.stderr


@pytest.mark.parametrize("variable", ["KOLIBRI_CONTAINER_RUN", "KOLIBRI_AZURE_CONTENT_MOUNT"])
def test_a_folder_whose_name_nginx_would_misread_is_refused(variable, tmp_path):
    refused = run(tmp_path, "web", **{variable: str(tmp_path / "a b; c")})
    assert refused.returncode == EXIT_CODE
    assert "a b; c" in refused.stderr
    assert not (tmp_path / "a b; c").exists()


def test_a_wrong_setting_does_not_keep_a_command_from_running(tmp_path):
    told = run(tmp_path, "echo", "still here", PORT="eighty")
    assert told.stdout == "still here\n"
    assert "is 'eighty'" in told.stderr


def test_content_lies_where_kolibri_looks_for_it(tmp_path):
    assert configuration.find({}).content == Path("/data/content")
    (tmp_path / "options.ini").write_text("[Paths]\nCONTENT_DIR = /data/content/here\n")
    environ = {"KOLIBRI_HOME": str(tmp_path)}
    assert configuration.find(environ).content == Path("/data/content/here")
    environ["KOLIBRI_CONTENT_DIR"] = "/data/content/there"
    assert configuration.find(environ).content == Path("/data/content/there")


def test_content_of_a_trial_without_a_share_lies_at_home(tmp_path):
    environ = {"KOLIBRI_HOME": str(tmp_path), "KOLIBRI_AZURE_DEPLOYMENT": "test"}
    environ["KOLIBRI_AZURE_CONTENT_MOUNT"] = str(tmp_path / "mount")
    assert configuration.find(environ).content == tmp_path / "content"


@pytest.mark.parametrize(
    ("address", "said"),
    [("", "80"), ("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("[::1]", "[::1]:80")],
)
def test_the_container_listens_on_all_addresses_or_on_one(address, said):
    assert listen(settings.ImageSettings(port=80, listen_address=address)) == said


def test_every_setting_of_the_image_is_on_its_page(repository):
    page = (repository / "docs" / "container.md").read_text(encoding="utf-8")
    for _, row in settings.rows():
        default = str(row.default).lower() if isinstance(row.default, bool) else row.default
        shown = "empty" if default == "" else f"`{default}`"
        assert f"| `{row.variable}` | {row.kind} | {shown} | {row.help} |" in page


def test_every_default_of_the_image_can_be_used():
    assert settings.load({}) == settings.ImageSettings()
