"""Uploads and exports: shared by the instances, and closed to users without the right."""

from __future__ import annotations

import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import (
    LEARNER,
    LEARNER_PASSWORD,
    SUPERUSER,
    SUPERUSER_PASSWORD,
    run,
)
from devtools.instances import another_instance, start_gunicorn, start_services
from devtools.kolibri_client import KolibriClient
from devtools.share import command_with_share
from tests.fuse import NEEDS_FUSE

pytestmark = pytest.mark.slow

TASKS = "/api/tasks/tasks/"

#: Seconds in which a worker must take a job and finish it.
JOB_SECONDS = 60

#: A list for bulkimportusers, with every required column.
COLUMNS = (
    "Database ID (UUID),Username (USERNAME),Password (PASSWORD),Full name (FULL_NAME),"
    "User type (USER_TYPE),Identifier (IDENTIFIER),Birth year (BIRTH_YEAR),Gender (GENDER),"
    "Learner enrollment (ENROLLED_IN),Class coach assignment (ASSIGNED_TO)"
)
USERS = COLUMNS + "\n,maria{0},secret-{0},Maria {0},LEARNER,,,,,\n"


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """The folder in place of the media share."""
    return tmp_path_factory.mktemp("media-share")


@pytest.fixture(scope="module")
def instances(copied):
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        deployment.environment["KOLIBRI_AZURE_INSTANCES"] = "2"
        folder = deployment.home.parent
        yield [another_instance(deployment, folder / name) for name in ("web", "worker")]


@pytest.fixture(scope="module")
def site(instances, media):
    """The web server of one instance; the workers run on the other."""
    with start_gunicorn(instances[0], media=media) as server:
        server.wait_until_serving()
        with start_services(instances[1], media=media):
            yield server


@pytest.fixture(scope="module")
def administrator(site):
    client = KolibriClient(site.url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    return client


@pytest.fixture(scope="module")
def export(administrator):
    """Export the users as the interface does; returns the address of the download."""
    facility = administrator.facility()
    run_job(
        administrator,
        json={
            "type": "kolibri.core.auth.tasks.exportuserstocsv",
            "facility": facility["id"],
            "locale": "en",
        },
    )
    return f"/facility/api/downloadcsvfile/user/{facility['id']}/"


def run_job(client, **task):
    """Enqueue a job and wait for its end; returns the job as the interface sees it."""
    answer = client.request("POST", TASKS, **task)
    assert answer.status_code == 200, answer.text
    job = answer.json()["id"]

    def ended():
        state = client.get(f"{TASKS}{job}/")
        return state if state["status"] in ("COMPLETED", "FAILED", "CANCELED") else None

    return wait_until(ended, "the job to end", JOB_SECONDS)


def upload(client, number):
    return run_job(
        client,
        data={
            "type": "kolibri.core.auth.tasks.importusersfromcsv",
            "facility": client.facility()["id"],
            "dryrun": "false",
            "locale": "en",
        },
        files={"csvfile": ("users.csv", USERS.format(number), "text/csv")},
    )


def test_users_uploaded_to_one_instance_are_imported_by_the_other(administrator):
    for number in range(3):
        job = upload(administrator, number)
        assert job["status"] == "COMPLETED", job

    users = administrator.get("/api/auth/facilityuser/")
    assert {f"maria{number}" for number in range(3)} <= {user["username"] for user in users}


def test_an_administrator_downloads_the_export_through_the_interface(administrator, export):
    answer = administrator.request("GET", export)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv"
    assert f",{LEARNER}," in answer.text


def test_the_interface_refuses_the_export_to_learners_and_visitors(site, export):
    learner = KolibriClient(site.url)
    learner.sign_in(LEARNER, LEARNER_PASSWORD)

    assert learner.request("GET", export).status_code == 403
    assert requests.get(site.url + export, timeout=30).status_code == 403


@pytest.mark.parametrize("folder", ["log_export", "temp"])
def test_no_file_of_the_media_folder_is_served_under_its_own_name(
    folder, site, administrator, export, media
):
    (media / "temp").mkdir(exist_ok=True)
    (media / "temp" / "upload.csv").write_text("username,password\n")
    files = [path for path in (media / folder).iterdir() if path.is_file()]
    assert files

    for file in files:
        path = f"/media/{folder}/{file.name}"
        assert requests.get(site.url + path, timeout=30).status_code == 404
        assert requests.head(site.url + path, timeout=30).status_code == 404
        assert administrator.request("GET", path).status_code == 404


def run_on_media(instance, kind, media, *arguments, **settings):
    """Run a command with a media share that is broken in this way."""
    mount_point = instance.home / "media"
    mount_point.mkdir(parents=True, exist_ok=True)
    command = [*command_with_share(kind, mount_point, media), instance.python, "-m", "kolibri"]
    environment = {**instance.environment, "KOLIBRI_AZURE_STARTUP_TIMEOUT": "2", **settings}
    return run(instance.command(*command, *arguments), environment, 60)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("read-only", "share-read-only"),
        pytest.param("hang", "share-hangs", marks=NEEDS_FUSE),
        pytest.param("dead", "share-dead", marks=NEEDS_FUSE),
    ],
)
def test_a_start_refuses_a_media_share_that_is(kind, code, instances, media):
    result = run_on_media(instances[0], kind, media, "manage", "--skip-update", "check")

    assert result.returncode != 0
    assert f"docs/troubleshooting.md#{code}" in result.stderr
    assert str(instances[0].home / "media") in result.stderr


def test_a_start_refuses_something_else_where_the_media_share_belongs(instances, media):
    result = run_on_media(
        instances[0], "bind", media, "manage", "--skip-update", "check",
        KOLIBRI_AZURE_MOUNT_TYPES="fuse", KOLIBRI_AZURE_DEPLOYMENT="production",
    )  # fmt: skip

    assert result.returncode != 0
    assert "docs/troubleshooting.md#share-wrong-type" in result.stderr


def test_several_instances_without_a_media_share_are_warned(instances):
    result = instances[0].run("manage", "--skip-update", "check")

    assert result.returncode == 0
    assert "docs/troubleshooting.md#media-not-shared" in result.stdout
