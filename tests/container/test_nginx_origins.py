"""Two origins on one port, each with only its own paths."""

from __future__ import annotations

import pytest
import requests

from .fronts import ZIPCONTENT, ask, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

LIVE, READY = "/azure/health/live", "/azure/health/ready"

SITE_ONLY = (
    "/",
    "/en/learn/",
    "/api/public/info/",
    "/status/",
    "/static/assets/default_theme/background.jpg",
    "/media/users.csv",
    "/content/databases/" + "9" * 32 + ".sqlite3",
    "/content/",
)


@pytest.fixture(scope="module")
def package(site):
    """The address of a page in an HTML5 package, on the second origin."""
    [found] = (site.content / "storage").rglob("*.zip")
    return f"/content/zipcontent/{found.name}/index.html"


@pytest.fixture(scope="module")
def sandbox(static):
    """The address of the page in which packages run."""
    [found] = (static / "content" / "static" / "sandbox").glob("sandbox-*.html.gz")
    return f"/content/static/sandbox/{found.name.removesuffix('.gz')}"


def test_packages_run_on_the_second_origin_only(site, package, sandbox):
    for path in (package, sandbox):
        there = ask(site.front, path, {"Host": ZIPCONTENT})

        assert there.status == ask(site.zipcontent, path).status == 200
        assert there.headers["access-control-allow-origin"] == "*"
        assert ask(site.front, path).status == 404


def test_the_sandbox_is_fetched_once(site, sandbox):
    """Its names change with its content. Kolibri's own caching ends after two minutes."""
    answer = ask(site.front, sandbox, {"Host": ZIPCONTENT})

    assert "immutable" in answer.headers["cache-control"]


def test_a_page_of_a_package_is_sent_as_kolibri_sends_it(site, package):
    ours, kolibris = ask(site.front, package, {"Host": ZIPCONTENT}), ask(site.zipcontent, package)

    assert ours.body == kolibris.body
    for name in ("content-type", "content-security-policy", "cache-control"):
        assert ours.headers[name] == kolibris.headers[name]


@pytest.mark.parametrize("path", SITE_ONLY)
def test_the_second_origin_has_nothing_of_the_site(site, path):
    for method in ("GET", "POST"):
        assert ask(site.front, path, {"Host": ZIPCONTENT}, method=method, body=b"").status == 404


@pytest.mark.parametrize("host", [ZIPCONTENT, ZIPCONTENT.upper(), f"{ZIPCONTENT}:8080"])
def test_the_second_origin_is_known_however_its_name_is_written(site, host):
    assert ask(site.front, "/status/", {"Host": host}).status == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", f"not-{ZIPCONTENT}"])
def test_every_other_host_is_the_site(site, host):
    assert ask(site.front, "/status/", {"Host": host}).status == 200


def test_packages_are_read_on_both_origins(site):
    """The sandbox fetches a whole H5P package from its own origin."""
    [found] = (site.content / "storage").rglob("*.zip")
    path = "/" + str(found.relative_to(site.content.parent))

    for host in ("localhost", ZIPCONTENT):
        assert ask(site.front, path, {"Host": host}).body == found.read_bytes()


def test_each_origin_asks_its_own_server_how_it_is(tmp_path):
    require_nginx()
    with (
        start_gunicorn(tmp_path, "echo:application", "app.sock", "--env=NAMED=app"),
        start_gunicorn(tmp_path, "echo:application", "zipcontent.sock"),
        start_front(tmp_path, zipcontent_host=ZIPCONTENT) as front,
    ):
        processes = {
            host: requests.get(f"{front.url}{LIVE}", headers={"Host": host}, timeout=10).json()[
                "process"
            ]
            for host in ("localhost", ZIPCONTENT)
        }

    assert len(set(processes.values())) == 2


def test_a_server_that_hangs_is_not_well(tmp_path):
    """Otherwise the platform would wait for minutes."""
    require_nginx()
    with (
        start_gunicorn(tmp_path, "echo:application", "app.sock"),
        start_front(tmp_path) as front,
    ):
        assert ask(front.url, READY).status == 503


def test_in_its_own_container_the_second_origin_has_every_host(tmp_path, site, package, sandbox):
    require_nginx()
    run = tmp_path / "run"
    run.mkdir()
    (run / "zipcontent.sock").symlink_to(site.content.parents[1] / "run" / "zipcontent.sock")
    with start_front(tmp_path, zipcontent_only=True, content=site.content) as front:
        for host in ("localhost", "kolibri-content.azurewebsites.net", ZIPCONTENT):
            assert ask(front.url, package, {"Host": host}).status == 200
            assert ask(front.url, sandbox, {"Host": host}).status == 200
            assert ask(front.url, "/status/", {"Host": host}).status == 404


def test_without_a_second_origin_packages_are_nowhere(tmp_path, site, package):
    require_nginx()
    run = tmp_path / "run"
    run.mkdir()
    for name in ("app.sock", "zipcontent.sock"):
        (run / name).symlink_to(site.content.parents[1] / "run" / name)
    with start_front(tmp_path, content=site.content) as front:
        for host in ("localhost", ZIPCONTENT):
            assert ask(front.url, package, {"Host": host}).status == 404
            assert ask(front.url, "/status/", {"Host": host}).status == 200
