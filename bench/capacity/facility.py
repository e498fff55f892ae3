"""A facility of the load's own, made and removed through Kolibri's API.

The load never uses an account, a class or a lesson of anyone else. The facility's name says what it
is for, because visitors see it on the sign-in page while it exists.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests

from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient

#: What the name of each such facility begins with.
NAME = "Capacity test"

#: The whole name: a school's own facility may begin with the same words, and is never removed.
WHOLE_NAME = re.compile(rf"{NAME} [0-9a-f]{{8}}")

CLASS_SIZE = 30

#: The lesson's resources, if the site has as many.
RESOURCES = 10

#: The ids of an exercise, as bench.lesson.mix calls them and as Kolibri does.
IDS = {"node": "id", "content": "content_id", "channel": "channel_id"}

#: Accounts are made by this many clients at once: hashing a password takes 50 ms of the server.
MAKERS = 4

#: The server deletes a facility in a job of its background workers.
DELETE_SECONDS = 1800
DELETE_TASK = "kolibri.core.auth.tasks.deletefacility"
TASKS = "/api/tasks/tasks/"

#: Kolibri's preset without sign-up, so that no visitor can join.
PRESET = "formal"

FACILITIES = "/api/auth/facility/"

#: The kind of user that Kolibri calls a super admin.
SUPERUSER = "superuser"

BY_HAND = """
The facility "{name}" may still be there. To remove it, run the same command again with --remove; or
sign in as super admin, and remove it under Facility, All facilities, Options, Remove facility."""


class CapacityError(Exception):
    """Why nothing can be measured, and what to do."""


@dataclass(frozen=True)
class Account:
    """A child, with the ids of its class and its lesson."""

    user: str
    username: str
    classroom: str
    lesson: str

    def as_child(self) -> dict[str, Any]:
        """What the load needs to know; `names` are ids for bench.lesson.mix."""
        names = {"user": self.user, "classroom": self.classroom, "lesson": self.lesson}
        return {"username": self.username, "names": names}


@dataclass
class Ground:
    """The facility in which the children play.

    :param exercise: the ids of the lesson's exercise: `node`, `content` and `channel`.
    :param resources: the lesson's resources as Kolibri stores them.
    :param video: the path of the content file that some watch; empty if the site has no video.
    """

    facility: str
    name: str
    password: str
    exercise: dict[str, str]
    resources: list[dict[str, str]]
    video: str
    video_bytes: int
    accounts: list[Account] = field(default_factory=list)


def new_name() -> str:
    """A name that no other facility has; see `WHOLE_NAME`."""
    return f"{NAME} {secrets.token_hex(4)}"


@contextmanager
def own_facility(superuser: Superuser, *, passwords: bool = True) -> Iterator[Ground]:
    """Make a facility, and remove it afterwards, also after an error or Ctrl+C."""
    name = new_name()
    try:
        yield superuser.make_facility(name, passwords=passwords)
    finally:
        try:
            superuser.remove(name)
        except BaseException:
            print(BY_HAND.format(name=name), file=sys.stderr, flush=True)
            raise


class Superuser:
    """The site's administrator, who makes and removes the facility."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url
        self._account = {"username": username, "password": password}
        self._sign_in()

    def leftovers(self) -> list[str]:
        """The names of facilities that earlier runs could not remove."""
        names = [each["name"] for each in self._facilities()]
        return [name for name in names if WHOLE_NAME.fullmatch(name)]

    def make_facility(self, name: str, *, passwords: bool = True) -> Ground:
        """Make an empty facility; :meth:`admit` fills it."""
        exercise, resources = self._lesson()
        video = self._video()
        self._send("POST", f"{FACILITIES}create_facility/", {"name": name, "preset": PRESET})
        facility = next(each for each in self._facilities() if each["name"] == name)
        settings = {"learner_can_login_with_no_password": not passwords}
        self._send("PATCH", f"/api/auth/facilitydataset/{facility['dataset']['id']}/", settings)
        password = secrets.token_urlsafe() if passwords else ""
        return Ground(facility["id"], name, password, exercise, resources, *video)

    def admit(self, ground: Ground, learners: int) -> list[Account]:
        """Make classes until the facility has that many learners; return the first of them."""
        self._sign_in()
        with ThreadPoolExecutor(MAKERS) as pool:
            while len(ground.accounts) < learners:
                self._make_class(ground, pool)
        return ground.accounts[:learners]

    def remove(self, name: str) -> None:
        """Delete the facility of this name with all its data, and wait until it is gone."""
        self._sign_in()
        for facility in self._facilities():
            if facility["name"] == name:
                self._delete(facility["id"])

    def _delete(self, facility: str) -> None:
        job = self._client.post(TASKS, {"type": DELETE_TASK, "facility": facility})

        def is_gone() -> bool:
            state = self._client.get(f"{TASKS}{job['id']}/")["status"]
            if state == "FAILED":
                raise CapacityError(f"the job that deletes the facility failed: {TASKS}{job['id']}")
            return facility not in {each["id"] for each in self._facilities()}

        wait_until(is_gone, "the facility to be deleted", DELETE_SECONDS)
        with suppress(requests.RequestException, CapacityError):
            self._send("POST", f"{TASKS}{job['id']}/clear/", {})

    def _make_class(self, ground: Ground, pool: ThreadPoolExecutor) -> None:
        number = len(ground.accounts) // CLASS_SIZE + 1
        name = f"Class {number}"
        classroom = self._client.post(
            "/api/auth/classroom/", {"name": name, "parent": ground.facility}
        )["id"]
        names = [f"child_{number}_{seat}" for seat in range(1, CLASS_SIZE + 1)]
        users = list(pool.map(lambda each: self._make_learner(ground, each), names))
        self._client.post(
            "/api/auth/membership/", [{"user": user, "collection": classroom} for user in users]
        )
        lesson = self._client.post(
            "/api/lessons/lesson/",
            {
                "title": "A lesson",
                "description": "",
                "resources": ground.resources,
                "active": True,
                "collection": classroom,
                "assignments": [classroom],
            },
        )["id"]
        ground.accounts += [
            Account(user, each, classroom, lesson) for user, each in zip(users, names)
        ]

    def _make_learner(self, ground: Ground, name: str) -> str:
        account = {
            "username": name,
            "full_name": name,
            "password": ground.password or "NOT_SPECIFIED",
            "facility": ground.facility,
        }
        return str(self._another_client().post("/api/auth/facilityuser/", account)["id"])

    def _another_client(self) -> KolibriClient:
        """A client of the same session, for another thread."""
        client = KolibriClient(self._url)
        client.session.cookies.update(self._client.session.cookies)
        return client

    def _lesson(self) -> tuple[dict[str, str], list[dict[str, str]]]:
        """An exercise, and the resources of a lesson that begins with it."""
        exercises = self._nodes("exercise")
        if not exercises:
            raise CapacityError(
                "the site has no exercise for the lesson: import a channel that has one"
            )
        first = exercises[0]
        nodes = [first, *(node for node in self._nodes("content") if node["id"] != first["id"])]
        resources = [
            {
                "contentnode_id": node["id"],
                "content_id": node["content_id"],
                "channel_id": node["channel_id"],
            }
            for node in nodes[:RESOURCES]
        ]
        exercise = {name: first[key] for name, key in IDS.items()}
        return exercise, resources

    def _video(self) -> tuple[str, int]:
        """The path and size of the largest video of the first page of them."""
        files = [
            file
            for node in self._nodes("video")
            for file in node["files"]
            if file["extension"] == "mp4" and file["storage_url"]
        ]
        if not files:
            return "", 0
        largest = max(files, key=lambda file: file["file_size"] or 0)
        return largest["storage_url"].partition("?")[0], largest["file_size"] or 0

    def _nodes(self, kind: str) -> Sequence[dict[str, Any]]:
        found = self._client.get(
            "/api/content/contentnode/", kind=kind, available="true", max_results=25
        )
        return list(found["results"] if isinstance(found, dict) else found)

    def _send(self, method: str, path: str, data: Any) -> None:
        """Send a request whose answer has no content."""
        answer = self._client.request(method, path, json=data)
        if not answer.ok:
            raise CapacityError(f"{method} {path} answered {answer.status_code}")

    def _facilities(self) -> list[dict[str, Any]]:
        return list(self._client.get(FACILITIES))

    def _sign_in(self) -> None:
        """Sign in, again too: Kolibri ends a session after 20 minutes without the interface.

        A site may have several facilities, each with accounts of its own.
        """
        self._client = KolibriClient(self._url)
        self._client.request("GET", "/en/auth/")
        for facility in self._facilities():
            account = {**self._account, "facility": facility["id"]}
            answer = self._client.request("POST", "/api/auth/session/", json=account)
            if answer.ok and SUPERUSER in answer.json()["kind"]:
                return
        raise CapacityError(f"{self._url} has no super admin with this name and password")
