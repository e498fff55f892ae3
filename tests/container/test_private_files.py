"""No address of the container leads to a backup, a home that moves in, or Kolibri's own files."""

from __future__ import annotations

import os

import pytest

from .fronts import ask

pytestmark = pytest.mark.slow

#: In each private file.
MARK = b"the quokka's record"

#: Each prefix at which nginx or the application serves files.
PREFIXES = (
    "/",
    "/static/",
    "/media/",
    "/content/",
    "/content/static/",
    "/content/storage/",
    "/content/storage/a/b/",
    "/content/databases/",
    "/content/zipcontent/",
    "/zipcontent/",
    "/downloadcontent/",
    "/api/",
    "/en/",
    "/azure/",
    "/azure/health/",
    "/azure/status/",
)


@pytest.fixture
def private_files(provisioned):
    """A file in each folder from which no visitor may download."""
    folders = (
        provisioned.home / "moving_in" / "work-school",
        provisioned.home / "backups",
        provisioned.share.parent / "backups",
    )
    files = [folder / "school.zip" for folder in folders]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MARK)
    return files


def ways_to(path, content):
    """The file's path, in every form in which a server may take it for one of its own."""
    below_content = os.path.relpath(path, content)
    return [
        path.name,
        str(path).lstrip("/"),
        str(path),
        below_content,
        f"../{below_content}",
        below_content.replace("/", "%2f"),
        below_content.replace("..", "%2e%2e"),
        below_content.replace("..", "%252e%252e"),
        f"{path.parent.name}/{path.name}",
        f"..;/{path.parent.name}/{path.name}",
    ]


def test_no_address_leads_to_a_private_file(web, provisioned, private_files):
    origins = (None, {"Host": web.zipcontent_host})
    asked = 0
    for path in private_files:
        for way in ways_to(path, provisioned.mount_point):
            for prefix in PREFIXES:
                for host in origins:
                    answer = ask(web.url, prefix + way, host)
                    assert MARK not in answer.body, (prefix + way, host)
                    asked += 1
    assert asked == len(private_files) * 10 * len(PREFIXES) * 2


def test_the_same_file_on_the_share_is_served(web, provisioned):
    """So the test above asks a server that serves files."""
    name = "ab" + "0" * 30
    served = provisioned.share / "storage" / "a" / "b" / f"{name}.mp4"
    served.parent.mkdir(parents=True, exist_ok=True)
    served.write_bytes(MARK)

    assert MARK in ask(web.url, f"/content/storage/a/b/{name}.mp4").body
