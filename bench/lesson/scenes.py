"""What a learner and a coach do in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from playwright.sync_api import Page

from bench.lesson.school import (
    COACHES,
    EXERCISE,
    LEARNERS,
    LESSON,
    OLDER_LEARNERS,
    PASSWORD,
    require_passwords,
)
from bench.lesson.wire import Wire
from devtools.browser import Learner
from devtools.channel.exercise import QUESTIONS

#: Long enough for Kolibri's interface to save the time that a learner spends on one question
#: (timeThreshold of useProgressTracking.js is 120 seconds). Two of these are longer than the time
#: between heartbeats of a page (ACTIVE_DELAY of heartbeat.js is 240 seconds).
THINKING_MS = 132_000

#: An answer is saved after this time (updateContentSessionDebounceTime is two seconds).
SAVED_MS = 3_000

#: A coach's page asks for notifications every two seconds if the coach is alone (startingPolling of
#: coachNotifications/index.js).
POLL_MS, POLLS = 2_500, 3


class Visitor(Learner):
    """Somebody with a browser; `wire` knows when the page is at rest."""

    def __init__(self, page: Page, url: str, wire: Wire) -> None:
        super().__init__(page, url)
        self._wire = wire

    def settle(self) -> None:
        self._wire.settle()

    def sign_in(self, username: str, password: str | None = None) -> None:
        """By keyboard, because a list of similar names covers the button."""
        self.page.goto(f"{self.url}/en/auth/")
        self._enter("Username", username)
        if password is not None:
            self._enter("Password", password)
        self.page.wait_for_url(re.compile("/(learn|coach)/"))
        self.settle()

    def go_to(self, name: str) -> None:
        self.follow(name)
        self.settle()

    def reload(self) -> None:
        self.page.reload()
        self.settle()

    def answer(self) -> None:
        """Think for a while, then answer the question that is shown."""
        shown = self.page.get_by_text("What is")
        shown.wait_for()
        self.settle()
        self.page.mouse.move(10, 10)
        self.let_pass(THINKING_MS)
        question = next(each for each in QUESTIONS if each.text == shown.inner_text())
        self.choose_answer(question.choices[0])
        self.page.get_by_role("button", name="Next", exact=True).wait_for()
        self.let_pass(SAVED_MS)

    def let_pass(self, milliseconds: int) -> None:
        """Let the page's timers run as if this time passed."""
        self.page.clock.run_for(milliseconds)
        self.settle()

    def _enter(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        field.fill(text)
        self.settle()
        field.press("Enter")


def lesson(learner: Visitor) -> None:
    """A learner signs in without a password, opens the lesson's exercise, and answers.

    Tablets of a class go to sleep, and browsers reload pages then.
    """
    learner.page.clock.install()
    learner.sign_in(LEARNERS[0])
    learner.dismiss_greeting()
    learner.go_to("Class 1")
    learner.go_to(LESSON)
    learner.reload()
    learner.go_to(EXERCISE)
    learner.answer()
    learner.page.get_by_role("button", name="Next", exact=True).click()
    learner.answer()
    learner.page.go_back()
    learner.settle()
    learner.reload()
    learner.go_to(EXERCISE)
    learner.answer()
    learner.page.goto(f"{learner.url}/en/learn/#/home")
    learner.settle()


def sign_in_with_password(learner: Visitor) -> None:
    """A learner of a facility that requires passwords signs in."""
    require_passwords(learner.url, required=True)
    learner.sign_in(OLDER_LEARNERS[0], PASSWORD)


def coach(visitor: Visitor) -> None:
    """A coach signs in, opens a class, and looks at it for a while."""
    visitor.page.clock.install()
    visitor.sign_in(COACHES[0], PASSWORD)
    visitor.go_to("Class 1")
    for _ in range(POLLS):
        visitor.let_pass(POLL_MS)


SCENES: Mapping[str, Callable[[Visitor], None]] = {
    "lesson": lesson,
    "sign-in with a password": sign_in_with_password,
    "coach": coach,
}
