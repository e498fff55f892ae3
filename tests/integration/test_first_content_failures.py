"""What is told of first channels that can't be imported whole, and when they are tried again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import CHANNEL_NAME, many_resources
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_process import Kolibri
from devtools.ports import free_port
from devtools.studio import DATABASES, STORAGE, Studio
from kolibri_azure_plugin.content.first_content.records import job_of
from tests.integration.examination import examine
from tests.integration.first_library import AVAILABLE, CHECK, PLENTY, TOKEN, Library
from tests.integration.serving import kolibri_start
from tests.integration.workers import WORKER

pytestmark = pytest.mark.slow

CANCEL = f"""
from kolibri.core.tasks.main import job_storage
job_storage.mark_job_as_canceled({job_of(CHANNEL_ID)!r})
"""


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
