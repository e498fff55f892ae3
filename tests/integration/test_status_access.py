"""Who may see the administrator's page, what it loads, and who may request an examination."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient

from .status_answers import EXAMINE, PAGE, REPORT, Document
from .status_school import COACH, COACH_PASSWORD, begin_school, shown, signed_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def school(copied):
    with begin_school(copied) as school:
        yield school


@pytest.fixture(scope="module")
def administrator(school):
    return signed_in(school.url)


@pytest.fixture
def well(school):
    with school.well() as story:
        yield story


@pytest.fixture(scope="module")
def url(school):
    return school.url


@pytest.mark.parametrize("path", [PAGE, REPORT])
def test_a_superuser_sees_it(path, administrator, well):
    assert administrator.request("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"), [(COACH, COACH_PASSWORD), (LEARNER, LEARNER_PASSWORD)]
)
def test_others_are_refused(name, password, url, well):
    visitor = signed_in(url, name, password)

    for method, path in (("GET", PAGE), ("GET", REPORT), ("POST", EXAMINE)):
        answer = visitor.request(method, path)
        assert answer.status_code == 403, path
        assert "first" not in answer.text
    assert "super admin" in Document(visitor.request("GET", PAGE).text).text


@pytest.mark.parametrize("path", [PAGE, REPORT])
def test_a_visitor_is_sent_to_sign_in_and_back(path, url):
    answer = KolibriClient(url).request("GET", path)

    assert answer.url.startswith(f"{url}/en/auth/")
    assert parse_qs(urlsplit(answer.url).query)["next"] == [PAGE]


def test_no_cache_stores_it_and_its_policy_is_strict(administrator, url, well):
    for client in (administrator, KolibriClient(url)):
        answer = client.request("GET", PAGE, allow_redirects=False)
        assert "no-store" in answer.headers["Cache-Control"]
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "data:" not in policy


def test_everything_that_it_loads_comes_from_the_same_server(administrator, well):
    page = shown(administrator)

    loaded = [each["href"] for each in page.all("link")]
    loaded += [each["src"] for each in (*page.all("script"), *page.all("img"))]
    assert len(loaded) >= 4
    for address in loaded:
        assert address.startswith("/"), address
        assert administrator.request("GET", address).status_code == 200, address


def test_its_policy_would_allow_all_that_is_in_it(administrator, well):
    page = shown(administrator)

    scripts = page.all("script")
    assert scripts
    assert all("src" in each for each in scripts)
    assert not page.all("style")
    attributes = {name for _, each in page.elements for name in each}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}


# ---- A new examination


def test_a_new_examination_is_requested_at_most_once_in_30_seconds(administrator, well):
    asked = "SELECT updated_at FROM kolibri_azure_state WHERE key = 'doctor_asked'"

    first = administrator.request("POST", EXAMINE, allow_redirects=False)
    begun = well.state.rows(asked)
    second = administrator.request("POST", EXAMINE, allow_redirects=False)

    assert (first.status_code, second.status_code) == (303, 303)
    assert well.state.rows(asked) == begun != []
    for answer, words in ((first, "has been requested"), (second, "less than 30 seconds ago")):
        page = administrator.request("GET", answer.headers["Location"])
        assert words in Document(page.text).text


def test_another_site_can_request_none(administrator, well):
    forged = administrator.request("POST", EXAMINE, headers={"X-CSRFToken": "x" * 32})

    assert forged.status_code == 403


def test_nothing_changes_by_looking(administrator, well):
    assert administrator.request("GET", EXAMINE).status_code == 405
