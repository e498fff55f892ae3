"""`kolibri manage azure_check` on real servers: every check passes, and finds its problem.

To write the golden files again, see golden.py.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import threading

import pytest

from devtools.channel import CHANNEL_ID, make_channel
from devtools.radius import RadiusServer
from kolibri_azure_plugin.doctor import catalogue

from . import ailing_databases, planted_backups
from .ailing_images import give_image
from .ailments import AILMENTS, Patient
from .conftest import PASSWORD
from .examination import RENDERERS, examine, examine_fully, report_of
from .golden import FOLDER, WRITES, compare

pytestmark = pytest.mark.slow

IDENTITY = "id-kolibri-doctor"
RESOURCE = "https://ossrdbms-aad.database.windows.net"


@pytest.fixture(scope="module")
def stock(tmp_path_factory, copied):
    """A deployment with a channel, whose share and database are copied for tests."""
    data = make_channel(tmp_path_factory.mktemp("drive"))
    with copied() as (deployment, _):
        for command in ("importchannel", "importcontent"):
            deployment.require("manage", command, "disk", CHANNEL_ID, str(data))
        yield deployment


@pytest.fixture
def patient(tmp_path, azure, authority, other_authority, postgres, deployed, stock):
    """A healthy deployment with a channel."""
    shutil.copytree(stock.share, tmp_path / "share")
    with deployed(tmp_path, azure, stock.database) as deployment:
        deployment.environment["KOLIBRI_CHERRYPY_THREAD_POOL"] = "10"
        yield Patient(deployment, azure, postgres, other_authority, authority)
        postgres.drop_database(f"{deployment.database}_new")


@pytest.fixture
def content_origin():
    """A web server on its own origin."""
    handler = http.server.SimpleHTTPRequestHandler
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def fully_configured(patient, content_origin, role, tmp_path):
    """A deployment with every feature: Entra, two instances, both shares, a channel."""
    deployment, azure, postgres = patient.deployment, patient.azure, patient.postgres

    def judge(user: str, password: str) -> bool:
        return user == IDENTITY and bool(azure.tokens.check(password, RESOURCE))

    if not postgres.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (IDENTITY,)):
        postgres.create_role(IDENTITY)
        postgres.execute(f'GRANT {role} TO "{IDENTITY}"')
    (tmp_path / "media").mkdir()
    azure.add_share("kolibri", "content", deployment.share)
    azure.set_secret(
        "kolibri-database-url",
        f"postgresql://{IDENTITY}@localhost:{postgres.port}/{deployment.database}",
    )
    deployment.environment.update(
        KOLIBRI_AZURE_DATABASE_AUTH="entra",
        KOLIBRI_AZURE_CONTENT_SHARE="kolibri/content",
        KOLIBRI_AZURE_CHANNELS=CHANNEL_ID,
        KOLIBRI_AZURE_INSTANCES="2",
        KOLIBRI_AZURE_ALLOWED_HOSTS="kolibri.example.org",
        KOLIBRI_ZIP_CONTENT_ORIGIN=content_origin,
        WEBSITE_SITE_NAME="kolibri",
        WEBSITE_RESOURCE_GROUP="school",
        TZ="Africa/Nairobi",
    )
    with contextlib.ExitStack() as stack:
        radius = stack.enter_context(RadiusServer(judge))
        postgres.use_radius(IDENTITY, port=radius.port, secret=radius.secret)
        give_image(deployment, days=1)
        stack.enter_context(ailing_databases.housekeeping_on_time(patient))
        backups = planted_backups.folder_of(deployment)
        planted_backups.plant(backups, hours=1)
        deployment.more_shares.append(("bind", backups, backups))
        media = deployment.home / "media"
        media.mkdir(parents=True, exist_ok=True)
        deployment.more_shares.append(("bind", media, tmp_path / "media"))
        yield deployment


@pytest.mark.essential
def test_every_check_passes_on_a_deployment_that_uses_all_there_is(fully_configured):
    examination = examine_fully(fully_configured)
    unhealthy = [e for e in examination.document["checks"] if e["status"] != "pass"]
    assert not unhealthy
    assert examination.exit_code == 0
    compare("all-pass", examination.document)


def test_every_check_has_an_ailment():
    ids = [check.id for check in catalogue.CHECKS]
    assert [a.id for a in sorted(AILMENTS, key=lambda a: ids.index(a.id))] == [
        a.id for a in AILMENTS
    ]
    assert {ailment.id for ailment in AILMENTS} == set(ids)


def test_no_golden_file_is_left_over():
    expected = {
        f"{name}.{suffix}"
        for name in ("all-pass", *(a.name for a in AILMENTS))
        for suffix in RENDERERS
    }
    if WRITES:
        for file in FOLDER.iterdir():
            if file.name not in expected:
                file.unlink()
        return
    assert set(os.listdir(FOLDER)) == expected


@pytest.mark.parametrize("ailment", AILMENTS, ids=lambda ailment: ailment.name)
def test_a_check_finds(ailment, patient):
    with ailment.plant(patient):
        examination = examine(patient.deployment, "--only", ailment.id, limits=ailment.limits)
    found = examination[ailment.id]
    assert found["status"] == ailment.status, examination.output + examination.errors
    assert found["message"]
    assert found["cause"]
    assert found["remedy"]
    assert examination.exit_code == (1 if ailment.status == "fail" else 0)
    assert "The check itself failed" not in examination.output
    assert PASSWORD not in examination.output + examination.errors
    failures = [e["id"] for e in examination.document["checks"] if e["status"] == "fail"]
    assert failures == ([ailment.id] if ailment.status == "fail" else [])
    compare(ailment.name, examination.document)


def test_before_the_first_start_it_says_so_and_nothing_fails(deployment):
    examination = examine_fully(deployment)
    assert "The check itself failed" not in examination.output
    assert examination.document["counts"]["fail"] == 0
    for check in ("azure.database.migrations", "azure.kolibri.provisioned"):
        assert examination[check]["status"] == "warn"
    for check in ("azure.content.databases", "azure.content.files", "azure.kolibri.accounts"):
        assert examination[check]["status"] == "skip"


@pytest.mark.parametrize("deep, looked_for", [((), 1), (("--deep",), 3)], ids=["a sample", "all"])
def test_the_files_of_the_content_are_looked_for(deep, looked_for, patient):
    examination = examine(
        patient.deployment, "--only", "azure.content.files", *deep,
        limits={"doctor.checks.content.SAMPLE": 1},
    )  # fmt: skip
    found = examination["azure.content.files"]
    assert found["status"] == "pass"
    assert found["measurements"]["looked_for"] == looked_for


def test_content_in_a_folder_of_the_share_is_looked_for_there(patient):
    deployment = patient.deployment
    folder = deployment.share / "school"
    folder.mkdir()
    for name in ("databases", "storage"):
        (deployment.share / name).rename(folder / name)
    deployment.environment["KOLIBRI_CONTENT_DIR"] = str(deployment.mount_point / "school")

    examination = examine(deployment, "--only", "content")

    for check in ("azure.content.databases", "azure.content.files"):
        assert examination[check]["status"] == "pass", examination[check]


def test_of_two_faults_a_start_and_the_doctor_tell_the_same(patient):
    patient.deployment.environment.update(
        KOLIBRI_CONTENT_DIR="/elsewhere", KOLIBRI_DATABASE_ENGINE="sqlite"
    )
    refused = patient.deployment.run("manage", "check")
    examination = examine(patient.deployment, "--only", "azure.kolibri.settings")

    assert "#content-dir\n" in refused.stderr
    assert examination["azure.kolibri.settings"]["status"] == "fail"
    assert examination["azure.kolibri.settings"]["message"] in refused.stderr


def test_a_report_read_back_from_json_is_the_report_that_was_run(patient):
    """All three golden files of a check come from one run, so the formats must agree."""
    patient.deployment.kind = ""
    examination = examine(patient.deployment)
    assert RENDERERS["json"](report_of(examination.document)) == examination.output


def test_the_table_and_the_short_report_come_out_of_the_command_as_they_are_rendered(patient):
    patient.deployment.kind = ""
    only = ("--only", "azure.content.mount")
    document = examine_fully(patient.deployment, *only).document
    for kind, suffix in (("table", "txt"), ("short", "short")):
        result = patient.deployment.run("manage", "azure_check", "--format", kind, *only)
        assert result.returncode == 1
        assert result.stdout == RENDERERS[suffix](report_of(document))
