"""nginx sends Kolibri's static files like Kolibri's own server, compressed or not."""

from __future__ import annotations

import gzip

import pytest

from .fronts import ZIPCONTENT, Answer, ask, require_brotli, require_nginx, start_front, told

pytestmark = pytest.mark.slow


def hollow(static):
    """A file that Kolibri's release has only in compressed form."""
    path = next(
        path for path in sorted((static / "static").rglob("*.css.gz")) if "0.19" in str(path)
    )
    return path, "/" + str(path.relative_to(static).with_suffix(""))


def test_a_client_with_gzip_gets_the_static_file_as_it_is_on_disk(site, static):
    packed, path = hollow(static)
    ours = ask(site.front, path, {"Accept-Encoding": "gzip, deflate"})
    kolibris = ask(site.kolibri, path, {"Accept-Encoding": "gzip, deflate"})

    assert ours.body == kolibris.body == packed.read_bytes()
    for name in ("content-encoding", "cache-control", "access-control-allow-origin", "vary"):
        assert ours.headers[name] == kolibris.headers[name]
    assert told(ours)["content-type"] == told(kolibris)["content-type"]


@pytest.mark.parametrize("accepted", [None, "identity", "deflate", "gzip;q=0"])
def test_a_client_without_compression_gets_the_same_bytes_unpacked(site, static, accepted):
    packed, path = hollow(static)
    answer = ask(site.front, path, {"Accept-Encoding": accepted} if accepted else {})

    assert answer.status == 200
    assert "content-encoding" not in answer.headers
    assert answer.body == gzip.decompress(packed.read_bytes())


def test_a_client_with_brotli_gets_the_file_from_the_build(tmp_path):
    require_nginx()
    require_brotli()
    folder = tmp_path / "static" / "static"
    folder.mkdir(parents=True)
    (folder / "a-0.19.5.js.gz").write_bytes(gzip.compress(b"plain"))
    (folder / "a-0.19.5.js.br").write_bytes(b"brotli")
    with start_front(tmp_path) as front:
        answer = ask(front.url, "/static/a-0.19.5.js", {"Accept-Encoding": "gzip, br"})
        gzipped = ask(front.url, "/static/a-0.19.5.js", {"Accept-Encoding": "gzip"})

    assert (answer.body, answer.headers["content-encoding"]) == (b"brotli", "br")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert gzip.decompress(gzipped.body) == b"plain"


def test_every_static_file_is_sent_whole(site, static):
    """A hundred of all kinds. Under gunicorn, Kolibri 0.19.5 sends no body when it unpacks."""
    names = {
        str(path.relative_to(static)).removesuffix(".gz")
        for path in (static / "static").rglob("*")
        if path.is_file()
    }
    for name in sorted(names)[::12]:
        ours = ask(site.front, f"/{name}", {"Accept-Encoding": "identity"})
        kolibris = ask(site.kolibri, f"/{name}", {"Accept-Encoding": "gzip"})

        assert ours.status == kolibris.status == 200, name
        assert ours.body == _plain(kolibris), name
        assert told(ours)["content-type"] == told(kolibris)["content-type"], name
        assert ours.headers["cache-control"] == kolibris.headers["cache-control"], name


def _plain(answer: Answer) -> bytes:
    packed = answer.headers.get("content-encoding") == "gzip"
    return gzip.decompress(answer.body) if packed else answer.body


def test_a_static_file_that_is_nowhere_is_missing(site):
    for host, path in (("localhost", "/static/none.js"), (ZIPCONTENT, "/content/static/none.js")):
        assert ask(site.front, path, {"Host": host}).status == 404
