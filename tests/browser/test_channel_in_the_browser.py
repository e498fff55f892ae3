"""What a learner sees of the channel, in a stock Kolibri: the ground that other tests stand on."""

from __future__ import annotations

import pytest

from devtools.browser import Learner
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.channel.content import EXERCISE_TITLE, PAGE_TITLE, TOPIC_TITLE, VIDEO_TITLE
from devtools.channel.exercise import QUESTIONS
from devtools.channel.page import ANSWER, BUTTON, HEADING
from devtools.deadline import wait_until
from devtools.kolibri_process import Kolibri

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module", params=["nonformal", "formal"])
def site(request, tmp_path_factory):
    """A stock Kolibri with the channel; in a formal facility learners need no password."""
    kolibri = Kolibri(tmp_path_factory.mktemp("kolibri"))
    kolibri.provision(username="admin", password="admin-password", preset=request.param)
    kolibri.create_learner("learner", "learner-password")
    kolibri.import_channel(CHANNEL_ID, make_channel(tmp_path_factory.mktemp("drive")))
    with kolibri.start() as site:
        site.wait_until_it_answers()
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
    learner.open_resource(PAGE_TITLE)

    content = learner.html5_page()
    content.get_by_role("heading", name=HEADING).wait_for()
    content.get_by_role("button", name=BUTTON).click()
    content.get_by_text(ANSWER).wait_for()
    origins = {frame.url.split("/content/")[0] for frame in learner.page.frames[1:]}
    assert origins == {site.zip_url}


def test_a_learner_answers_a_question_of_the_exercise(learner):
    learner.open_resource(EXERCISE_TITLE)

    shown = learner.page.get_by_text("What is")
    shown.wait_for()
    question = next(each for each in QUESTIONS if each.text == shown.inner_text())
    learner.choose_answer(question.choices[0])

    learner.page.get_by_role("button", name="Next", exact=True).wait_for()


def test_a_learner_watches_the_video(learner):
    learner.open_resource(VIDEO_TITLE)
    video = learner.video()
    video.wait_for(state="attached")
    if not video.evaluate("video => video.canPlayType('video/mp4; codecs=\"avc1.42C01E\"')"):
        pytest.skip("this Chromium was built without H.264")

    wait_until(lambda: video.evaluate("video => video.readyState > 2"), "the video to load", 30)
    video.evaluate("video => { video.currentTime = 0; video.play(); }")

    wait_until(lambda: video.evaluate("video => video.currentTime > 1"), "it to play", 30)
    assert video.evaluate("video => [video.videoWidth, video.duration]") == [176, 10]
