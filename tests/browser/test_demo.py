"""`make demo`, as a first-time user sees it."""

from __future__ import annotations

import pytest

from devtools.browser import Learner
from devtools.channel import CHANNEL_NAME
from devtools.channel.content import TOPIC_TITLE
from devtools.learner_steps import answer_question, read_page, watch_video
from tests.demo_process import Demo, demo_folder

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def folder():
    with demo_folder() as folder:
        yield folder


def test_a_learner_uses_the_channel_and_the_next_run_keeps_the_learner(page, folder):
    with Demo(folder).wait_until_ready() as demo:
        learner = sign_in(page, demo)
        origins = read_page(learner)
        assert origins == {demo.printed("HTML5 content").split(",")[0]}
        assert origins != {learner.url}
        open_topic(learner)
        answer_question(learner)
        open_topic(learner)
        watch_video(learner)

        assert demo.interrupt() == 0
        assert demo.processes() == []

    with Demo(folder).wait_until_ready() as again:
        assert "creating" not in again.output
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
