"""Pictures of the administrator's page: the demo's Kolibri, with outcomes of the doctor's tests.

The tests' golden files contain what the doctor says about each problem, with placeholders for
whatever differs between runs. The pictures show numbers of a school in their places.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from devtools.kolibri_client import KolibriClient
from devtools.story import Story, story_of

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "doctor"
PAGE = "/azure/status/"
INSTANCES = ("3f9c02", "a1b2c3")

GIB = 2**30

#: Measurements of a school with some hundred learners, by the check's id.
MEASUREMENTS: Mapping[str, Mapping[str, Any]] = {
    "azure.vault.expiry": {"kolibri-secret-key_age_days": 40, "kolibri-database-url_age_days": 12},
    "azure.database.connections": {"max_connections": 97, "used": 23},
    "azure.database.round_trip": {"median_ms": 1.3},
    "azure.database.tls": {"days_left": 211},
    "azure.database.transactions": {"longest_s": 0},
    "azure.content.space": {"free_bytes": 81 * GIB, "total_bytes": 100 * GIB},
    "azure.content.throughput": {"read_mib_s": 88.2, "write_mib_s": 41.5},
    "azure.kolibri.backups": {
        "backups": 7,
        "newest_age_h": 9,
        "newest_verified": True,
        "age_h": 9,
    },
}

#: What stands in the places of the golden files' placeholders.
WORDS = (
    ("TYPE is mounted at /FOLDER/mount", "cifs is mounted at /data/content"),
    ("/FOLDER/mount", "/data/content"),
    ("/FOLDER/home", "/data/home"),
    ("A small file takes N ms", "A small file takes 14 ms"),
)
FAILED_IMPORT = {
    "function": "kolibri.core.content.tasks.remoteimport",
    "message": "requests.exceptions.ConnectionError: studio.learningequality.org does not answer",
    "channel_name": "Khan Academy (English)",
}

DESKTOP, TALL_DESKTOP, PHONE = (1100, 1000), (1100, 1250), (390, 844)


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture.

    :param ailments: names of golden files.
    :param size: of the window; the picture has twice as many pixels on a phone.
    """

    name: str
    ailments: tuple[str, ...] = ()
    fails_job: bool = False
    language: str = "en"
    size: tuple[int, int] = DESKTOP

    @property
    def scale(self) -> int:
        return 2 if self.size == PHONE else 1


PICTURES = (
    Picture("status-well", size=TALL_DESKTOP),
    Picture("status-share-gone", ("azure.content.access",)),
    Picture("status-warnings", ("azure.kolibri.backups--old",), fails_job=True),
    Picture("status-phone", ("azure.content.access--hangs",), size=PHONE),
    Picture("status-arabic", language="ar", size=PHONE),
)


def photograph_status(
    browser: Browser, url: str, database_url: str, administrator: tuple[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Each picture's name and PNG.

    :param administrator: name and password.
    """
    with story_of(database_url) as story:
        story.use(INSTANCES)
        for picture in PICTURES:
            _tell(story, picture)
            yield picture.name, _photograph(browser, url, administrator, picture)


def _tell(story: Story, picture: Picture) -> None:
    story.report(_checks(picture.ailments), INSTANCES, hours_ago=0.2)
    story.forget_jobs()
    if picture.fails_job:
        story.fail_job("failed-import", **FAILED_IMPORT)
    # Last, because what runs the workers must have said so a moment ago.
    story.announce(INSTANCES)


def _checks(ailments: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    problems = {
        each["id"]: each
        for name in ailments
        for each in _golden(name)
        if each["status"] in ("warn", "fail")
    }
    for each in _golden("all-pass"):
        measured = {**each["measurements"], **MEASUREMENTS.get(each["id"], {})}
        yield problems.get(each["id"], {**each, "measurements": measured})


def _golden(name: str) -> Iterator[dict[str, Any]]:
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    for placeholder, words in WORDS:
        text = text.replace(placeholder, words)
    yield from json.loads(text)["checks"]


def _photograph(
    browser: Browser, url: str, administrator: tuple[str, str], picture: Picture
) -> bytes:
    client = KolibriClient(url)
    client.sign_in(*administrator)
    client.request("POST", "/en/i18n/setlang/", data={"language": picture.language})
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=picture.scale
    )
    context.add_cookies(
        [
            {"name": each.name, "value": each.value, "url": url}  # type: ignore[typeddict-item]
            for each in client.session.cookies
        ]
    )
    page = context.new_page()
    page.goto(url + PAGE)
    page.wait_for_load_state("networkidle")
    picture_of_page = page.screenshot()
    context.close()
    return picture_of_page
