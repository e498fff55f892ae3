"""Exports have valid file names everywhere, whatever the facility's name."""

from __future__ import annotations

import urllib.parse
from email.message import Message

import pytest

from kolibri_azure_plugin.facility_data.exports.names import (
    MAX_LENGTH,
    content_disposition,
    plain_name,
    storage_name,
)
from tests.smb import is_valid_smb_name

ENDINGS = (
    "_1a2b_users.csv",
    "_1a2b_content_session_logs_from_2026-01-01_to_2026-12-31.csv",
    "_1a2b_content_summary_logs_from_2026-01-01_to_2026-12-31.csv",
)

ORDINARY = (
    "Kolibri School",
    "École Saint-Étienne",
    "မြန်မာ ကျောင်း",
    "مدرسة النور",
    "St. Mary's (2)",
)

HARD = {
    "Burmese, 200 characters": "ကျောင်း" * 28 + "က" * 4,
    "200 characters": "School " * 28 + "four",
    "a slash": "Primary/Secondary",
    "a backslash": "Primary\\Secondary",
    "a folder above": "../../../etc/cron.d/x",
    "quotes": 'The "Old" School',
    "what SMB refuses": 'a: b? c* d<e>f|g "h"',
    "several lines": "First line\r\nSet-Cookie: x=1",
    "control characters": "a\x01b\tc\x7f",
    "a turned direction": "school\u202egnp.exe",
    "dots and spaces in front": " .. School",
    "nothing but dots": "...",
    "pictures": "School 🏫" * 30,
    "parts of letters": "e\u0301" * 50,
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("facility", [*ORDINARY, *HARD.values()], ids=[*ORDINARY, *HARD])
class TestEveryName:
    def test_is_kept_under_one_that_any_file_system_takes(self, facility, ending):
        folder, _, name = storage_name(f"log_export/{facility}{ending}").partition("/")

        assert folder == "log_export"
        assert is_valid_smb_name(name)
        assert len(name.encode()) <= MAX_LENGTH
        assert name.endswith(ending)

    def test_is_the_same_when_made_again(self, facility, ending):
        name = storage_name(f"log_export/{facility}{ending}")

        assert storage_name(name) == name

    def test_is_downloaded_under_one_that_any_file_system_takes(self, facility, ending):
        old, new = names_in(content_disposition(facility + ending))

        assert old.isascii()
        for name in (old, new):
            assert is_valid_smb_name(name)
            assert len(name.encode()) <= MAX_LENGTH
            assert name.endswith(ending.lstrip("_"))


@pytest.mark.parametrize("facility", ORDINARY)
def test_an_ordinary_name_is_kept_and_downloaded_as_it_is(facility):
    name = f"{facility}_1a2b_users.csv"

    assert storage_name(f"log_export/{name}") == f"log_export/{name}"
    assert names_in(content_disposition(name))[1] == name


@pytest.mark.parametrize(
    ("one", "another"), [("a/b", "a:b"), ("a/b", "a_b"), ("က" * 99 + "ခ", "က" * 99 + "ဂ")]
)
def test_two_facilities_never_share_a_file(one, another):
    names = {storage_name(f"log_export/{name}_1a2b_users.csv") for name in (one, another)}

    assert len(names) == 2


@pytest.mark.parametrize("name", ["temp/tmpab12.upload.csv", "log_export/", "kolibri"])
def test_other_names_of_the_storage_are_left_alone(name):
    assert storage_name(name) == name


@pytest.mark.parametrize(
    "ending", [".csv", ".csv: 1?", ".list of \u202e<Class 1>|2", "." + "က" * 100]
)
def test_an_upload_is_kept_under_a_name_that_any_file_system_takes(ending):
    name = plain_name(f"tmpab12cd34.upload{ending}")

    assert is_valid_smb_name(name)
    assert name.startswith("tmpab12cd34.upload.")


def names_in(header):
    """The names for old and for other browsers, as Python's own parser reads them."""
    message = Message()
    message["Content-Disposition"] = header.partition("; filename*=")[0]
    encoding, _, quoted = header.partition("filename*=")[2].partition("''")
    assert encoding == "UTF-8"
    assert message.get_content_disposition() == "attachment"
    return message.get_filename(), urllib.parse.unquote(quoted, errors="strict")
