"""`make demo`, as somebody who tries it for the first time sees it."""

from __future__ import annotations

import pytest

from devtools.browser import Learner
from devtools.channel import CHANNEL_NAME
from devtools.channel.content import EXERCISE_TITLE, PAGE_TITLE, TOPIC_TITLE, VIDEO_TITLE
from devtools.channel.exercise import QUESTIONS
from devtools.channel.page import ANSWER, BUTTON, HEADING
from devtools.deadline import wait_until
from tests.demo_process import Demo, demo_folder

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def folder():
    with demo_folder() as folder:
        yield folder


def test_a_learner_uses_the_channel_and_the_next_run_keeps_the_learner(page, folder):
    with Demo(folder).wait_until_ready() as demo:
        learner = sign_in(page, demo)
        read_the_page(learner, demo)
        open_topic(learner)
        answer_a_question(learner)
        open_topic(learner)
        watch_the_video(learner)

        assert demo.interrupt() == 0
        assert demo.processes() == []

    with Demo(folder).wait_until_ready() as again:
        assert "making" not in again.output
        assert "importing" not in again.output
        assert again.password("learner") == demo.password("learner")
        page.context.clear_cookies()  # the learner would still be signed in
        sign_in(page, again)
    assert again.processes() == []


def sign_in(page, demo):
    """A learner who has signed in and opened the channel's topic."""
    learner = Learner(page, demo.printed("address"))
    learner.sign_in("learner", demo.password("learner"))
    open_topic(learner)
    return learner


def open_topic(learner):
    learner.page.goto(f"{learner.url}/en/learn/#/library")
    learner.open_channel(CHANNEL_NAME)
    learner.open_resource(TOPIC_TITLE)


def read_the_page(learner, demo):
    learner.open_resource(PAGE_TITLE)
    content = learner.html5_page()
    content.get_by_role("heading", name=HEADING).wait_for()
    content.get_by_role("button", name=BUTTON).click()
    content.get_by_text(ANSWER).wait_for()

    origins = {frame.url.split("/content/")[0] for frame in learner.page.frames[1:]}
    assert origins == {demo.printed("HTML5 content").split(",")[0]}
    assert origins != {learner.url}


def answer_a_question(learner):
    learner.open_resource(EXERCISE_TITLE)
    shown = learner.page.get_by_text("What is")
    shown.wait_for()
    question = next(each for each in QUESTIONS if each.text == shown.inner_text())

    learner.choose_answer(question.choices[0])
    learner.page.get_by_role("button", name="Next", exact=True).wait_for()


def watch_the_video(learner):
    learner.open_resource(VIDEO_TITLE)
    video = learner.video()
    video.wait_for(state="attached")
    if not video.evaluate("video => video.canPlayType('video/mp4; codecs=\"avc1.42C01E\"')"):
        return  # this Chromium was built without H.264

    wait_until(lambda: video.evaluate("video => video.readyState > 2"), "the video to load", 30)
    video.evaluate("video => { video.currentTime = 0; video.play(); }")
    wait_until(lambda: video.evaluate("video => video.currentTime > 1"), "it to play", 30)
