"""An image's record of itself for the doctor."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from kolibri_azure_plugin.configuration.image_record import ImageRecord, read, write
from kolibri_azure_plugin.container.image_record import record

NOW = datetime(2026, 11, 28, 20, 45, 12, 345, tzinfo=timezone.utc)
UPDATED = "2026-11-27T21:00:00+00:00"
ARGUMENTS = {"VERSION": 'v1 "quoted"', "REVISION": "v1", "CREATED": "unknown"}


@pytest.mark.parametrize("nothing", ["unknown", ""])
def test_the_clock_tells_when_it_was_built_if_no_argument_does(nothing):
    noted = record({**ARGUMENTS, "CREATED": nothing}, updated=UPDATED, now=NOW)
    assert noted.created == "2026-11-28T20:45:12+00:00"


def test_an_argument_wins():
    noted = record({**ARGUMENTS, "CREATED": "2026-01-01T00:00:00Z"}, updated=UPDATED, now=NOW)
    assert noted.created == "2026-01-01T00:00:00Z"


def test_it_is_as_old_as_its_packages_whatever_the_argument_says():
    noted = record({**ARGUMENTS, "CREATED": "2020-01-01T00:00:00Z"}, updated=UPDATED, now=NOW)
    assert noted.days_since_update(NOW) == 0
    assert noted.days_since_update(NOW + timedelta(days=60)) == 60


def test_a_record_is_read_as_it_was_written(tmp_path):
    noted = record(ARGUMENTS, updated=UPDATED, now=NOW)
    write(tmp_path / "image.json", noted)
    assert read(tmp_path / "image.json") == noted
    assert noted == ImageRecord('v1 "quoted"', "v1", "2026-11-28T20:45:12+00:00", UPDATED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": "1"}',
        '{"version": "1", "revision": "1", "created": "1", "updated": "yesterday"}',
        '{"version": "1", "revision": "1", "created": "1", "updated": 1}',
        '{"version": "1", "revision": "1", "created": "1", "updated": "2026-11-27T21:00:00"}',
    ],
)
def test_anything_else_is_refused(tmp_path, text):
    file = tmp_path / "image.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"\S"):
        read(file)


def test_a_record_that_is_not_there_is_missed(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "image.json")
