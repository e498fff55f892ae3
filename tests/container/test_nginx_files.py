"""nginx sends files like Kolibri's own server."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from .fronts import ZIPCONTENT, ask, told

pytestmark = pytest.mark.slow

NAMES = {
    "picture": "c" * 32 + ".png",
    "subtitles": "d" * 32 + ".vtt",
    "data": "e" * 32 + "-data.json",
    "drawing": "f" * 32 + ".svg",
    "page": "a" * 32 + ".html",
    "package": "b" * 32 + ".h5p",
    "unknown": "0" * 32 + ".xyz",
    "capitals": "1" * 32 + ".mp4",
    "empty": "2" * 32 + ".txt",
}

CSP = "content-security-policy"


def storage(name: str) -> str:
    return f"/content/storage/{name[0]}/{name[1]}/{name}"


@pytest.fixture(scope="module")
def files(site):
    """Paths of content files of many kinds."""
    for name in NAMES.values():
        path = site.content / "storage" / name[0] / name[1] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == NAMES["empty"] else os.urandom(60_000))
    return {kind: storage(name) for kind, name in NAMES.items()}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind not in ("drawing", "page")])
def test_content_is_sent_as_kolibri_sends_it(site, files, kind, method):
    ours = ask(site.front, files[kind], method=method)
    kolibris = ask(site.kolibri, files[kind], method=method)

    assert ours.status == kolibris.status == 200
    assert told(ours) == told(kolibris)
    assert ours.body == kolibris.body


@pytest.mark.parametrize("kind", ["drawing", "page"])
def test_active_content_runs_in_no_page_of_the_site(site, files, kind):
    ours, kolibris = ask(site.front, files[kind]), ask(site.kolibri, files[kind])

    assert ours.body == kolibris.body
    assert told(ours).items() - told(kolibris).items() == {(CSP, ours.headers[CSP])}
    assert ours.headers[CSP].startswith("sandbox; default-src 'none'")


def test_no_file_is_taken_for_something_else(site, files):
    for path in files.values():
        assert ask(site.front, path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "part", ["bytes=0-99", "bytes=100-", "bytes=-100", "bytes=59000-70000", "bytes=0-59999"]
)
def test_parts_of_a_video_are_sent_as_kolibri_sends_them(site, files, part):
    ours = ask(site.front, files["capitals"], {"Range": part})
    kolibris = ask(site.kolibri, files["capitals"], {"Range": part})

    assert ours.status == kolibris.status == 206
    # The answer to a range request has already shown that it accepts ranges.
    assert told(ours).items() ^ told(kolibris).items() <= {("accept-ranges", "bytes")}
    assert ours.body == kolibris.body


@pytest.mark.parametrize("part", ["bytes=0-0", "bytes=59999-59999", "bytes=59999-"])
def test_a_part_of_one_byte_is_sent(site, files, part):
    """Kolibri 0.19.5 refuses it."""
    answer = ask(site.front, files["picture"], {"Range": part})

    assert (answer.status, len(answer.body)) == (206, 1)


@pytest.mark.parametrize("part", ["bytes=60000-", "bytes=70000-80000", "bytes=5-2"])
def test_a_part_that_is_not_there_is_refused(site, files, part):
    ours = ask(site.front, files["picture"], {"Range": part})
    kolibris = ask(site.kolibri, files["picture"], {"Range": part})

    assert ours.status == kolibris.status == 416
    assert ours.headers["content-range"] == kolibris.headers["content-range"]


@pytest.mark.parametrize("part", ["bytes=0-1,5-6", "lines=1-2", "nonsense"])
def test_several_parts_at_once_get_the_whole_file_as_from_kolibri(site, files, part):
    ours = ask(site.front, files["picture"], {"Range": part})
    kolibris = ask(site.kolibri, files["picture"], {"Range": part})

    assert ours.status == kolibris.status == 200
    assert ours.body == kolibris.body


def test_a_file_that_the_browser_has_is_not_sent_again(site, files):
    path = files["picture"]
    sent = ask(site.front, path).headers
    for headers in (
        {"If-None-Match": sent["etag"]},
        {"If-Modified-Since": sent["last-modified"]},
        {"If-Modified-Since": "Tue, 19 Jan 2038 03:14:07 GMT"},
    ):
        ours, kolibris = ask(site.front, path, headers), ask(site.kolibri, path, headers)

        assert (ours.status, ours.body) == (kolibris.status, kolibris.body) == (304, b"")
        assert told(kolibris).items() <= told(ours).items()


@pytest.mark.parametrize("headers", [{"If-None-Match": '"another"'}, {"Range": "bytes=0-9"}])
def test_another_file_than_the_browser_has_is_sent_whole(site, files, headers):
    answer = ask(site.front, files["picture"], {**headers, "If-Range": '"another"'})

    assert (answer.status, len(answer.body)) == (200, 60_000)


def test_a_file_named_by_its_checksum_never_changes(site, files):
    assert "immutable" in ask(site.front, files["picture"]).headers["cache-control"]


def test_a_channel_database_that_is_replaced_is_sent_at_once(site):
    name = "9" * 32 + ".sqlite3"
    path = site.content / "databases" / name
    path.write_bytes(b"first")
    assert ask(site.front, f"/content/databases/{name}").body == b"first"

    successor = path.with_suffix(".transfer")
    successor.write_bytes(b"second")
    successor.replace(path)

    answer = ask(site.front, f"/content/databases/{name}")
    assert answer.body == b"second"
    # Kolibri lets browsers and proxies keep it for ten years, as its name has a 32-digit hash.
    assert answer.headers["cache-control"] == "max-age=120, public"


def test_content_that_arrives_is_served_although_it_was_missing_before(site):
    name = "8" * 32 + ".pdf"
    assert ask(site.front, storage(name)).status == 404
    path = site.content / "storage" / "8" / "8" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"here")

    assert ask(site.front, storage(name)).body == b"here"


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-"}])
def test_a_request_for_a_missing_file_goes_to_kolibri(site, headers):
    path = storage("7" * 32 + ".mp4")
    ours, kolibris = ask(site.front, path, headers), ask(site.kolibri, path, headers)

    assert ours.status == kolibris.status == 404
    assert ours.headers["content-security-policy"] == kolibris.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/content/",
        "/content/storage",
        "/content/storage/",
        "/content/databases/",
        "/content/storage/c/c/.hidden",
        "/content/.hidden",
        "/content/storage/../../options.ini",
        "/content/%2e%2e/options.ini",
        "/content/storage/..%2f..%2f..%2foptions.ini",
        "/content/storage/%252e%252e/%252e%252e/options.ini",
        "/static/../../options.ini",
        "/static/..%2f..%2foptions.ini",
        "//content/../options.ini",
        "/content\\..\\options.ini",
        "/content/storage/c/c/%00",
        "/media/users.csv",
        "/static/%2e%2e/media/users.csv",
        "/content/../media/users.csv",
        "/azure/starting.html",
        "/starting.html",
        "/run/nginx/nginx.conf",
    ],
)
def test_nothing_else_is_served_from_disk(site, path):
    (site.content / ".hidden").write_text("hidden")
    (site.content / "storage" / "c" / "c").mkdir(parents=True, exist_ok=True)
    (site.content / "storage" / "c" / "c" / ".hidden").write_text("hidden")

    for host in ("localhost", ZIPCONTENT):
        assert ask(site.front, path, {"Host": host}).status in (400, 404)


def test_files_can_only_be_read(site, files):
    for method in ("POST", "PUT", "DELETE"):
        ours = ask(site.front, files["picture"], method=method, body=b"{}")
        kolibris = ask(site.kolibri, files["picture"], method=method, body=b"{}")

        assert ours.status == kolibris.status == 405


def test_the_application_answers_through_nginx_as_without_it(site):
    for path in ("/", "/status/", "/api/public/info/", "/none"):
        ours, kolibris = ask(site.front, path), ask(site.kolibri, path)

        assert ours.status == kolibris.status
        assert ours.headers.get("location") == kolibris.headers.get("location")
    assert json.loads(ask(site.front, "/api/public/info/").body)["application"] == "kolibri"


def test_pages_and_json_are_compressed_as_they_are_sent(site):
    page = ask(site.front, "/en/auth/", {"Accept-Encoding": "gzip"})
    plain = ask(site.front, "/en/auth/", {"Accept-Encoding": "identity"})

    assert page.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in page.headers["vary"].lower()
    assert len(page.body) < len(plain.body) / 3
    assert len(gzip.decompress(page.body)) == len(plain.body)
