"""A new deployment imports the channels of its setting, from a stock Kolibri as the Studio."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from devtools import container_processes
from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import CHANNEL_NAME
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from devtools.studio import DATABASES, STORAGE
from tests.integration.examination import examine
from tests.integration.first_library import (
    AVAILABLE,
    CHECK,
    COLLECTION,
    PLENTY,
    TOKEN,
    UNKNOWN,
    Library,
    Rounds,
)
from tests.integration.serving import kolibri_start
from tests.integration.workers import WORKER

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(studio_home):
    with studio_home.source() as source:
        yield source


@pytest.fixture
def studio(source):
    with source.studio() as studio:
        yield studio


@pytest.fixture
def library(ready_fleet):
    return Library(ready_fleet)


def test_two_channels_are_there_after_the_first_start_although_the_worker_is_killed(
    deployment, postgres, studio, source
):
    if missing := container_processes.missing_programs():
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    deployment.environment.update(
        KOLIBRI_AZURE_CHANNELS=f"{TOKEN}, {source.second}",
        KOLIBRI_CENTRAL_CONTENT_BASE_URL=studio.url,
        KOLIBRI_AZURE_CHECK_INTERVAL="0",
    )

    def rows(statement, values=()):
        return postgres.execute(statement, values, database=deployment.database)

    studio.files_flow.clear()
    container = container_processes.begin(deployment)
    try:
        container.wait_until_ready()
        container.wait_until(lambda: studio.requested(STORAGE), "an import", PLENTY)
        admin = KolibriClient(container.url)
        admin.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        shown = imports_shown(admin)
        assert {task["extra_metadata"]["channel_name"] for task in shown} == {CHANNEL_NAME}

        os.kill(container.parts()["worker"], signal.SIGKILL)
        studio.files_flow.set()
        container.wait_until(lambda: dict(rows(AVAILABLE)) == dict.fromkeys(source.ids, 3),
                             "both channels", PLENTY)  # fmt: skip
        container.wait_until(
            lambda: [task["status"] for task in imports_shown(admin)] == ["COMPLETED"] * 2,
            "both tasks",
            PLENTY,
        )
        assert "worker has ended by signal 9" in container.output
        listed = admin.get("/api/content/channel/", available="true")
        assert {channel["id"] for channel in listed} == set(source.ids)
    finally:
        container.stop()
    found = examine(deployment, "--only", CHECK)[CHECK]
    assert found["status"] == "pass"
    assert found["message"] == "2 channels are in the library."

    fetched = len(studio.requested(STORAGE)), len(studio.requested(DATABASES))
    rounds = Rounds(rows)
    with container_processes.begin(deployment) as container:
        container.wait_until_ready()
        rounds.wait(container)
    assert fetched == (len(studio.requested(STORAGE)), len(studio.requested(DATABASES)))


def imports_shown(admin):
    tasks = admin.get("/api/tasks/tasks/", queue="content")
    return [task for task in tasks if task["type"].endswith(".remoteimport")]


def test_what_is_wrong_is_said_and_the_site_starts_with_the_other_channels(
    provisioned, postgres, studio
):
    provisioned.environment.update(
        KOLIBRI_AZURE_CHANNELS=f"{UNKNOWN},{TOKEN},mathematics",
        KOLIBRI_CENTRAL_CONTENT_BASE_URL=studio.url,
    )
    with kolibri_start(provisioned) as site:
        site.wait_until(
            lambda: postgres.execute(AVAILABLE, database=provisioned.database), "it", PLENTY
        )
        said = site.output
    assert f"Channel {UNKNOWN} can't be imported: {studio.url} does not know it." in said
    assert "troubleshooting.md#channel-unknown" in said
    assert "'mathematics' names no channel." in said
    assert "troubleshooting.md#channel-word" in said
    found = examine(provisioned, "--only", CHECK)[CHECK]
    assert found["status"] == "warn"
    assert UNKNOWN in found["cause"]
    assert "mathematics" in found["cause"]
    assert found["measurements"]["there"] == [CHANNEL_NAME]


def test_content_that_stands_on_the_share_is_made_available_once(library, studio, source):
    shutil.copytree(source.folder, library.content, dirs_exist_ok=True)
    broken = "0" * 31 + "1"
    (library.content / "databases" / f"{broken}.sqlite3").write_bytes(b"not a database" * 100)
    kolibri = library.instance(studio)

    with library.working(kolibri) as worker:
        library.wait_for_round(worker)
        assert library.available() == dict.fromkeys(source.ids, 3)
        for channel_id in source.ids:
            assert f"({channel_id}) stood on the share, and is available now: 3" in worker.output
        assert f"The database of channel {broken} on the share can't be read." in worker.output
    assert studio.requests == []

    kolibri.succeed("manage", "deletechannel", source.second)
    shutil.copytree(source.folder, library.content, dirs_exist_ok=True)
    with library.working(kolibri, log="later.log") as worker:
        library.wait_for_round(worker)
    assert library.available() == {CHANNEL_ID: 3}


def test_content_on_the_share_is_left_alone_where_the_library_is_in_use(library, studio, source):
    library.instance(studio).import_channel(CHANNEL_ID, make_channel(library.fleet.folder / "1"))
    shutil.copytree(source.folder, library.content, dirs_exist_ok=True)

    with library.working(library.instance(studio)) as worker:
        library.wait_for_round(worker)

    assert library.available() == {CHANNEL_ID: 3}


def test_two_instances_import_a_channel_once(library, studio, source):
    first, second = (library.instance(studio, TOKEN, name=name) for name in ("one", "two"))
    with first.begin(*WORKER) as one, second.begin(*WORKER):
        library.wait_for(one, CHANNEL_ID)
    assert len(studio.requested(f"GET {DATABASES}")) == 1
    files = studio.requested(f"GET {STORAGE}")
    assert len(files) == len(set(files))


def test_a_deleted_channel_stays_deleted_and_a_new_word_imports_what_is_new(
    library, studio, source
):
    with library.working(library.instance(studio, TOKEN)) as worker:
        library.wait_for(worker, CHANNEL_ID)
    library.instance(studio).succeed("manage", "deletechannel", CHANNEL_ID)

    with library.working(library.instance(studio, TOKEN, source.second)) as worker:
        library.wait_for(worker, source.second)
        library.wait_for_round(worker)

    assert library.available() == {source.second: 3}
    found = library.examined(studio, TOKEN, source.second)
    assert found["status"] == "pass"
    assert found["message"] == "1 channel is in the library, 1 deleted since."


def test_a_channel_that_somebody_has_imported_in_part_stays_so(library, studio, source):
    drive = make_channel(library.fleet.folder / "drive")
    kolibri = library.instance(studio, TOKEN)
    kolibri.import_channel(CHANNEL_ID, drive)
    library.rows(
        "UPDATE content_contentnode SET available = false WHERE kind = 'video' RETURNING id"
    )

    with library.working(kolibri) as worker:
        library.wait_for_round(worker)

    assert library.available() == {CHANNEL_ID: 2}
    assert studio.requested(DATABASES) == []


def test_the_token_of_a_collection_imports_each_of_its_channels(library, studio, source):
    with library.working(library.instance(studio, COLLECTION)) as worker:
        library.wait_for(worker, *source.ids)
    assert library.available() == dict.fromkeys(source.ids, 3)


def test_a_channel_that_is_deleted_before_the_next_round_stays_deleted(library, studio):
    with library.working(library.instance(studio, TOKEN)) as worker:
        library.wait_for(worker, CHANNEL_ID)
        library.instance(studio, name="two").succeed("manage", "deletechannel", CHANNEL_ID)
        library.make_round(worker)
        assert library.job(CHANNEL_ID) == "COMPLETED"
    assert library.examined(studio, TOKEN)["message"].endswith("1 deleted since.")
