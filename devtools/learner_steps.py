"""A learner's steps with the small channel in a browser."""

from __future__ import annotations

from playwright.sync_api import Locator

from devtools.browser import Learner
from devtools.channel.content import EXERCISE_TITLE, PAGE_TITLE, VIDEO_TITLE
from devtools.channel.exercise import QUESTIONS
from devtools.channel.page import ANSWER, BUTTON, HEADING
from devtools.deadline import wait_until

_CAN_PLAY_H264 = "video => video.canPlayType('video/mp4; codecs=\"avc1.42C01E\"')"


def read_page(learner: Learner) -> set[str]:
    """Open the HTML5 page, and check that its script runs.

    :returns: the origins of its files.
    """
    learner.open_resource(PAGE_TITLE)
    content = learner.html5_page()
    content.get_by_role("heading", name=HEADING).wait_for()
    content.get_by_role("button", name=BUTTON).click()
    content.get_by_text(ANSWER).wait_for()
    return {frame.url.split("/content/")[0] for frame in learner.page.frames[1:]}


def answer_question(learner: Learner) -> None:
    """Open the exercise, and answer its first question correctly."""
    learner.open_resource(EXERCISE_TITLE)
    shown = learner.page.get_by_text("What is")
    shown.wait_for()
    question = next(each for each in QUESTIONS if each.text == shown.inner_text())
    learner.choose_answer(question.choices[0])
    learner.page.get_by_role("button", name="Next", exact=True).wait_for()


def watch_video(learner: Learner) -> Locator | None:
    """Open the video, and check that it plays.

    :returns: its element; None if Chromium was built without H.264.
    """
    learner.open_resource(VIDEO_TITLE)
    video = learner.video()
    video.wait_for(state="attached")
    if not video.evaluate(_CAN_PLAY_H264):
        return None
    wait_until(lambda: video.evaluate("video => video.readyState > 2"), "the video to load", 30)
    video.evaluate("video => { video.currentTime = 0; video.play(); }")
    wait_until(lambda: video.evaluate("video => video.currentTime > 1"), "it to play", 30)
    return video
