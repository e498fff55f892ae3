"""Learners who continue a lesson through server failures, and record which work was accepted."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.notifications.school import PASSWORD, Lesson
from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient

TRACK = "/api/logger/trackprogress/"
MASTERY = {"type": "m_of_n", "m": 5, "n": 7}

#: Seconds between two answers of a pupil, and before a request is sent again.
PAUSE = 0.3

#: A pupil retries essential requests for this many seconds: longer than any outage.
PATIENCE = 900

OK = 200

#: The status after a session has ended: Kolibri's sessions last 20 minutes without activity.
SIGNED_OUT = (401, 403)


@dataclass
class Done:
    """The work that was answered with 200.

    :ivar answers: the ids of the attempts.
    :ivar unanswered: other requests, whose work may or may not have been saved.
    """

    learner: str
    answers: list[str] = field(default_factory=list)
    unanswered: int = 0


class Pupil:
    """One learner with a browser session."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self.id = self._sign_in()

    def work(self, lesson: Lesson, stop: threading.Event) -> Done:
        """Watch the video, answer questions until `stop` is set, and finish both."""
        done = Done(self.id)
        video = self._begin(done, lesson, lesson.video, kind="video")
        exercise = self._begin(
            done, lesson, lesson.exercise, kind="exercise", mastery_model=MASTERY
        )
        while not (stop.wait(PAUSE) and done.answers):
            self._answer(done, exercise)
        self._until_answered(done, "PUT", f"{TRACK}{video}/", {"progress": 1})
        self._until_answered(done, "PUT", f"{TRACK}{exercise}/", {"progress": 1})
        return done

    def _sign_in(self) -> str:
        self._client = KolibriClient(self._url)
        return str(self._client.sign_in(self._name, PASSWORD)["user_id"])

    def _begin(self, done: Done, lesson: Lesson, resource: dict[str, str], **more: Any) -> str:
        data = {
            "lesson_id": lesson.id,
            "node_id": resource["contentnode_id"],
            "content_id": resource["content_id"],
            "channel_id": resource["channel_id"],
            **more,
        }
        return str(self._until_answered(done, "POST", TRACK, data)["session_id"])

    def _answer(self, done: Done, session: str) -> None:
        interaction = {
            "item": uuid.uuid4().hex,
            "correct": 1,
            "complete": True,
            "time_spent": 2,
            "answer": {"choice": 1},
        }
        answer = self._send(done, "PUT", f"{TRACK}{session}/", {"interactions": [interaction]})
        if answer is not None:
            done.answers += [attempt["id"] for attempt in answer["attempts"]]

    def _until_answered(self, done: Done, method: str, path: str, data: Any) -> Any:
        return wait_until(lambda: self._send(done, method, path, data), path, PATIENCE)

    def _send(self, done: Done, method: str, path: str, data: Any) -> Any:
        """Return the answer, or None if there is none or its status is not 200."""
        try:
            answer = self._client.request(method, path, json=data)
            if answer.status_code in SIGNED_OUT:
                self._sign_in()
        except requests.RequestException:
            answer = None
        if answer is not None and answer.status_code == OK:
            return answer.json()
        done.unanswered += 1
        time.sleep(PAUSE)
        return None
