"""A new deployment imports the channels of its setting, from a stock Kolibri as the Studio."""

from __future__ import annotations

import os
import shutil
import signal
from types import SimpleNamespace

import pytest

from devtools import container_processes
from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import CHANNEL_NAME, many_resources
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri
from devtools.ports import free_port
from devtools.studio import DATABASES, STORAGE, Studio
from kolibri_azure_plugin.content.first_content.records import job_of
from tests.integration.channel_files import another
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
    Source,
)
from tests.integration.serving import kolibri_start
from tests.integration.workers import WORKER

pytestmark = pytest.mark.slow

CANCEL = f"""
from kolibri.core.tasks.main import job_storage
job_storage.mark_job_as_canceled({job_of(CHANNEL_ID)!r})
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    kolibri = Kolibri(folder / "home")
    kolibri.provision(username=SUPERUSER, password=SUPERUSER_PASSWORD, preset="formal")
    second, drive = another(folder / "second")
    kolibri.import_channel(CHANNEL_ID, make_channel(folder / "first"))
    kolibri.import_channel(second, drive)
    with kolibri.start() as server:
        server.wait_until_serving()
        yield Source(server.url, second, str(kolibri.home / "content"))


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


def test_without_room_the_site_starts_and_imports_once_the_share_is_larger(
    provisioned, tmp_path, postgres
):
    large = tmp_path / "large"
    kolibri = Kolibri(large / "home")
    kolibri.provision(username=SUPERUSER, password=SUPERUSER_PASSWORD, preset="formal")
    drive = make_channel(large / "drive", many_resources(2, 1 << 20))
    kolibri.import_channel(CHANNEL_ID, drive)
    usual = dict(provisioned.environment), provisioned.kind
    with (
        kolibri.start() as server,
        Studio(server.url, {TOKEN.replace("-", ""): [CHANNEL_ID]}) as studio,
    ):
        server.wait_until_serving()
        wanted = {
            "KOLIBRI_AZURE_CHANNELS": TOKEN,
            "KOLIBRI_CENTRAL_CONTENT_BASE_URL": studio.url,
        }
        provisioned.kind = "full"
        provisioned.environment.update(wanted, KOLIBRI_AZURE_MOUNT_TYPES="tmpfs")
        with kolibri_start(provisioned) as site:
            site.wait_until(lambda: "#channel-room" in site.output, "the message", PLENTY)
            assert "az storage share-rm update" in site.output
            found = examine(provisioned, "--only", CHECK)[CHECK]
        assert found["status"] == "warn"
        assert found["message"] == f"Channel {TOKEN} is not imported: the share has no room for it."
        assert studio.requested(DATABASES) == []

        provisioned.environment, provisioned.kind = {**usual[0], **wanted}, usual[1]
        with kolibri_start(provisioned) as site:
            site.wait_until(
                lambda: postgres.execute(AVAILABLE, database=provisioned.database), "it", PLENTY
            )


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


def test_when_studio_is_away_the_import_begins_once_it_is_back(library, source):
    port = free_port()
    away = SimpleNamespace(url=f"http://127.0.0.1:{port}")
    with library.working(library.instance(away, TOKEN)) as worker:
        worker.wait_until(lambda: "#channel-source" in worker.output, "the message", PLENTY)
    found = library.examined(away, TOKEN)
    assert found["status"] == "warn"
    assert found["message"].endswith("does not answer.")

    with (
        source.studio(port=port) as back,
        library.working(library.instance(back, TOKEN)) as worker,
    ):
        library.wait_for(worker, CHANNEL_ID)
        library.wait_for_round(worker)
        assert library.examined(back, TOKEN)["status"] == "pass"


def test_an_import_that_failed_is_told_and_tried_again_at_the_next_start(library, studio):
    studio.databases_lost.set()
    with library.working(library.instance(studio, TOKEN)) as worker:
        worker.wait_until(lambda: library.job(CHANNEL_ID) == "FAILED", "a failure", PLENTY)
    found = library.examined(studio, TOKEN)
    assert found["status"] == "warn"
    assert found["message"] == f"The import of channel {CHANNEL_NAME} failed."
    assert "404" in found["cause"]

    studio.databases_lost.clear()
    with library.working(library.instance(studio, TOKEN)) as worker:
        library.wait_for(worker, CHANNEL_ID)


def test_an_import_that_failed_is_tried_again_an_hour_later(library, studio):
    studio.databases_lost.set()
    with library.working(library.instance(studio, TOKEN)) as worker:
        worker.wait_until(lambda: library.job(CHANNEL_ID) == "FAILED", "a failure", PLENTY)
        library.make_round(worker)
        studio.databases_lost.clear()
        library.make_round(worker)
        assert library.job(CHANNEL_ID) == "FAILED"

        library.pass_pause(CHANNEL_ID)
        library.make_round(worker)
        library.wait_for(worker, CHANNEL_ID)


def test_an_import_that_somebody_cancelled_is_left_out(library, studio):
    studio.files_flow.clear()
    with library.instance(studio, TOKEN).begin(*WORKER) as worker:
        worker.wait_until(lambda: studio.requested(STORAGE), "an import", PLENTY)
        worker.kill()
    library.instance(studio).succeed("manage", "--skip-update", "shell", "-c", CANCEL)
    studio.files_flow.set()

    with library.working(library.instance(studio, TOKEN)) as worker:
        worker.wait_until(lambda: "is left out, because" in worker.output, "a line", PLENTY)

    assert library.available() == {}
    found = library.examined(studio, TOKEN)
    assert found["message"] == (
        "0 channels are in the library, 1 left out, because its import was cancelled."
    )


def test_a_channel_without_any_file_is_told_and_tried_again_an_hour_later(library, studio):
    studio.lost_files.add(STORAGE)
    with library.working(library.instance(studio, TOKEN)) as worker:
        worker.wait_until(lambda: library.job(CHANNEL_ID) == "COMPLETED", "the task", PLENTY)
        library.make_round(worker)
        assert "#channel-empty" in worker.output
        assert "is imported" not in worker.output
        found = library.examined(studio, TOKEN)
        assert found["status"] == "warn"
        assert found["message"] == f"The import of channel {CHANNEL_NAME} fetched no files."

        studio.lost_files.clear()
        library.make_round(worker)
        assert library.available() == {}
        library.pass_pause(CHANNEL_ID)
        library.make_round(worker)
        library.wait_for(worker, CHANNEL_ID)
        library.make_round(worker)
        assert f"Channel {CHANNEL_NAME} ({CHANNEL_ID}) is imported." in worker.output
    assert library.examined(studio, TOKEN)["message"] == "1 channel is in the library."


def test_a_channel_that_lacks_a_file_is_there_and_the_log_names_what_is_missing(library, studio):
    studio.lost_files.add(".mp4")
    with library.working(library.instance(studio, TOKEN)) as worker:
        library.wait_for(worker, CHANNEL_ID)
        library.make_round(worker)
        assert f"({CHANNEL_ID}) is imported without 1 of its resources" in worker.output

    assert library.available() == {CHANNEL_ID: 2}
    assert library.examined(studio, TOKEN)["status"] == "pass"


def test_a_channel_that_is_deleted_before_the_next_round_stays_deleted(library, studio):
    with library.working(library.instance(studio, TOKEN)) as worker:
        library.wait_for(worker, CHANNEL_ID)
        library.instance(studio, name="two").succeed("manage", "deletechannel", CHANNEL_ID)
        library.make_round(worker)
        assert library.job(CHANNEL_ID) == "COMPLETED"
    assert library.examined(studio, TOKEN)["message"].endswith("1 deleted since.")
