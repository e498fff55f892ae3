"""The generated channel, on a stock Kolibri with SQLite."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.channel.content import EXERCISE_TITLE, PAGE_TITLE, VIDEO_TITLE
from devtools.channel.page import HEADING
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A stock Kolibri with a learner and the imported channel."""
    kolibri = Kolibri(tmp_path_factory.mktemp("kolibri"))
    kolibri.provision(username="admin", password="admin-password", preset="nonformal")
    kolibri.create_learner("learner", "learner-password")
    kolibri.import_channel(CHANNEL_ID, make_channel(tmp_path_factory.mktemp("drive")))
    with kolibri.start() as site:
        site.wait_until_serving()
        yield site


@pytest.fixture
def learner(site):
    client = KolibriClient(site.url)
    client.sign_in("learner", "learner-password")
    return client


@pytest.fixture
def resources(learner):
    nodes = learner.get("/api/content/contentnode/", channel_id=CHANNEL_ID)
    return {node["title"]: node for node in nodes if node["kind"] != "topic"}


def storage_url(resource):
    return resource["files"][0]["storage_url"]


def test_a_learner_is_offered_the_channel(learner):
    channels = learner.get("/api/content/channel/", available=True)

    assert [(channel["id"], channel["name"]) for channel in channels] == [
        (CHANNEL_ID, CHANNEL_NAME)
    ]


def test_the_channel_holds_a_video_an_exercise_and_a_page(resources):
    assert {title: node["kind"] for title, node in resources.items()} == {
        VIDEO_TITLE: "video",
        EXERCISE_TITLE: "exercise",
        PAGE_TITLE: "html5",
    }
    assert all(node["available"] for node in resources.values())


def test_every_file_is_served_with_the_bytes_that_its_name_states(learner, resources):
    for resource in resources.values():
        answer = learner.request("GET", storage_url(resource))

        assert answer.status_code == 200
        digest = hashlib.md5(answer.content).hexdigest()
        assert storage_url(resource).endswith(f"{digest}.{resource['files'][0]['extension']}")


def test_the_exercise_has_a_file_for_every_question_that_it_lists(learner, resources):
    exercise = resources[EXERCISE_TITLE]
    answer = learner.request("GET", storage_url(exercise))

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        items = exercise["assessmentmetadata"]["assessment_item_ids"]
        assert items
        for item in items:
            question = json.loads(archive.read(f"{item}.json"))["question"]
            choices = question["widgets"]["radio 1"]["options"]["choices"]
            assert [choice["correct"] for choice in choices].count(True) == 1


def test_the_page_is_served_from_the_zip_contents_origin(site, resources):
    name = storage_url(resources[PAGE_TITLE]).rsplit("/", 1)[1]

    answer = requests.get(f"{site.zip_url}/content/zipcontent/{name}/index.html", timeout=30)

    assert HEADING in answer.text


def test_the_channel_is_the_same_each_time_it_is_made(tmp_path):
    def files(drive: Path) -> dict[str, bytes]:
        stored = (make_channel(drive) / "content" / "storage").rglob("*.*")
        return {file.name: file.read_bytes() for file in stored}

    assert files(tmp_path / "once") == files(tmp_path / "again")


def test_the_command_prints_how_to_import_its_channel(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "devtools.channel", str(tmp_path / "drive")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    folder = tmp_path / "drive" / "KOLIBRI_DATA"
    assert f"kolibri manage importchannel disk {CHANNEL_ID} {folder}" in done.stdout
    assert (folder / "content" / "databases" / f"{CHANNEL_ID}.sqlite3").is_file()
