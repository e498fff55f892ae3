"""What browsers ask for in a lesson, always the same.

A recording by Chromium (`recording.json`, see bench.lesson.record) has all of these requests in a
compatible order; a test compares them. The round leaves out what the browser asks for again when
it reloads the lesson or returns to it, and the suggestions after an exercise: not every learner
does these. A word that begins with `$` stands for a value:

    $user, $classroom, $lesson      the learner, the class and its lesson
    $node, $content, $channel       the exercise of the lesson that the learner opens
    $session                        what the server answered to the last POST of trackprogress
    $facility, $username, $password for signing in
    $after                          the time of the newest notification that a coach has seen
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from bench.lesson.bodies import START, answer, credentials, session, time_spent
from devtools.channel.exercise import QUESTIONS

SESSION, STATE, HOME = "/api/auth/session/current/", "/learn/api/state", "/learn/api/homehydrate"
CHANNELS = "/api/content/channel/?available=true"
CLASSROOM = "/learn/api/learnerclassroom/$classroom/"
OWN_PROGRESS = "/api/logger/userprogress/$user/"
TRACK = "/api/logger/trackprogress/"


@dataclass(frozen=True)
class Request:
    """One request.

    :param body: JSON, or empty.
    :param status: what Kolibri answers if all is well.
    """

    method: str
    address: str
    body: str = ""
    status: int = 200

    def of(self, names: Mapping[str, str]) -> Request:
        """The request with these ids; a name without an id stays as it is."""
        address, body = (
            Template(text).safe_substitute(names) for text in (self.address, self.body)
        )
        return Request(self.method, address, body, self.status)

    @property
    def title(self) -> str:
        """A short name for people, without ids and query."""
        path = self.address.partition("?")[0].rstrip("/")
        words = [word for word in path.split("/") if not word.startswith("$") and word != "current"]
        return f"{self.method} {words[-1]}{' with an answer' if self.has_answer else ''}"

    @property
    def has_answer(self) -> bool:
        """Whether it brings an answer to a question of the exercise."""
        return '"interactions"' in self.body


def _progress(body: str) -> Request:
    return Request("PUT", f"{TRACK}$session/", body)


#: The home page, the class, the lesson; a resource of it, and answers; and the home page again.
ROUND = (
    Request("PUT", SESSION, session(active=False)),
    Request("GET", STATE),
    Request("GET", CHANNELS),
    Request("GET", OWN_PROGRESS),
    Request("GET", HOME),
    Request("GET", CLASSROOM),
    Request("GET", CLASSROOM),
    Request("GET", "/api/content/usercontentnode/?lesson=$lesson"),
    Request("GET", "/api/content/contentnodeprogress/?lesson=$lesson"),
    Request("GET", "/learn/api/learnerlesson/$lesson/"),
    Request("PUT", SESSION, session(active=False)),
    Request("GET", CHANNELS),
    Request("GET", "/api/bookmarks/bookmarks/?contentnode_id=$node"),
    Request("POST", TRACK, START),
    _progress(time_spent()),
    _progress(answer(QUESTIONS[0])),
    _progress(time_spent()),
    _progress(answer(QUESTIONS[1])),
    Request("PUT", SESSION, session(active=True)),
    Request("GET", STATE),
    Request("GET", OWN_PROGRESS),
    _progress(time_spent()),
    _progress(answer(QUESTIONS[2])),
)


#: Signing in to a facility that lets learners in by their name.
SIGN_IN = (
    Request("GET", "/api/auth/facility/"),
    Request("GET", "/api/auth/facilitydataset/?facility_id=$facility"),
    Request("GET", "/api/auth/facilityusername/?facility=$facility&search=$username"),
    Request("POST", "/api/auth/session/", credentials()),
)

#: To one that requires passwords. The first POST asks whether this user has one: it has.
SIGN_IN_WITH_PASSWORD = (
    *SIGN_IN[:2],
    Request("POST", "/api/auth/session/", credentials(), 400),
    Request("POST", "/api/auth/session/", credentials("$password")),
)

#: A coach opens a class; its page then asks for notifications every two seconds.
_POLL = Request("GET", "/coach/api/notifications/?classroom_id=$classroom&after=$after")
CLASS_PAGE = (
    Request("GET", "/coach/api/classsummary/$classroom/"),
    Request("GET", "/coach/api/notifications/?classroom_id=$classroom"),
    Request("GET", "/api/device/usersyncstatus/?member_of=$classroom"),
    Request("GET", "/api/lessons/lesson/size/?collection=$classroom"),
    Request("GET", "/api/exams/exam/size/?collection=$classroom"),
    _POLL,
    _POLL,
    _POLL,
)


def names_of(user: str, home: Mapping[str, Any], exercise: str) -> dict[str, str]:
    """The ids of a learner's requests, from the answer to :data:`HOME`.

    :param exercise: the title of the resource that the learner opens.
    """
    classroom = home["classrooms"][0]
    lesson = classroom["lessons"][0]
    nodes = [resource["contentnode"] for resource in lesson["resources"]]
    node = next(node for node in nodes if node["title"] == exercise)
    return {
        "user": user,
        "classroom": classroom["id"],
        "lesson": lesson["id"],
        "node": node["id"],
        "content": node["content_id"],
        "channel": node["channel_id"],
    }
