"""A learner's view of the channel in a stock Kolibri, on which other tests rely."""

from __future__ import annotations

import pytest

from devtools.browser import Learner
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.channel.content import TOPIC_TITLE
from devtools.kolibri_process import Kolibri
from devtools.learner_steps import answer_question, read_page, watch_video
from tests.long_forms import each_or

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module", params=each_or(("nonformal", "formal"), "formal"))
def site(request, tmp_path_factory):
    """A stock Kolibri with the channel; in a formal facility learners need no password."""
    kolibri = Kolibri(tmp_path_factory.mktemp("kolibri"))
    kolibri.provision(username="admin", password="admin-password", preset=request.param)
    kolibri.create_learner("learner", "learner-password")
    kolibri.import_channel(CHANNEL_ID, make_channel(tmp_path_factory.mktemp("drive")))
    with kolibri.start() as site:
        site.wait_until_serving()
        site.learners_password = "learner-password" if request.param == "nonformal" else None
        yield site


@pytest.fixture
def learner(page, site):
    """A learner who has signed in and opened the channel's topic."""
    learner = Learner(page, site.url)
    learner.sign_in("learner", site.learners_password)
    learner.open_channel(CHANNEL_NAME)
    learner.open_resource(TOPIC_TITLE)
    return learner


def test_a_learner_reads_a_page_and_its_script_runs(learner, site):
    assert read_page(learner) == {site.zip_url}


def test_a_learner_answers_a_question_of_the_exercise(learner):
    answer_question(learner)


def test_a_learner_watches_the_video(learner):
    video = watch_video(learner)

    if video is None:
        pytest.skip("this Chromium was built without H.264")
    assert video.evaluate("video => [video.videoWidth, video.duration]") == [176, 10]
