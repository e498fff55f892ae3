"""Answers that are not pages are in Kolibri's own language, no matter who asked before."""

from __future__ import annotations

import pytest
import requests

from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import start_gunicorn
from devtools.kolibri_client import KolibriClient

pytestmark = pytest.mark.slow

ARABIC = {"Accept-Language": "ar"}
FIELD_REQUIRED = "This field is required."

#: Requests of an earlier visitor who uses another language.
VISITORS = {
    "a page": "/ar/auth/",
    "a page that is not there": "/ar/none/",
    "an address without its language": "/learn/",
    "a download that is not there": "/facility/api/downloadcsvfile/user/{facility}/",
    "a download without an owner": "/facility/api/downloadcsvfile/none/{facility}/",
}


#: A job fails before it restores the language, and another one runs in the same thread.
JOBS = """
import threading
from types import SimpleNamespace
from django.utils import timezone, translation
from kolibri.core.auth.models import dataset_cache
from kolibri_azure_plugin.instances.leased_worker import LeasedWorker

def fail():
    translation.activate("ar")
    timezone.activate("Asia/Yangon")
    dataset_cache.activate()
    dataset_cache.set("user", "the dataset of yesterday")
    raise LookupError(threading.get_ident())

def look():
    zone = timezone.get_current_timezone_name()
    return threading.get_ident(), translation.get_language(), zone, dataset_cache.get("user")

fresh = look()[1:]
threads = LeasedWorker.start_workers(SimpleNamespace(max_workers=1))
before = threads.submit(fail).exception().args[0]
thread, *found = threads.submit(look).result()
print("SAME THREAD", thread == before, "FRESH", tuple(found) == fresh)
"""


@pytest.fixture(scope="module")
def site(instance):
    """A web server with a single thread, so that it answers every request."""
    with start_gunicorn(instance, "--worker-class=sync", "--threads=1") as server:
        server.wait_until_serving()
        yield server


@pytest.fixture(scope="module")
def administrator(site):
    client = KolibriClient(site.url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    return client


@pytest.mark.parametrize("visitor", VISITORS)
def test_a_thread_does_not_answer_in_the_language_of_the_visitor_before(
    visitor, site, administrator
):
    path = VISITORS[visitor].format(facility=administrator.facility()["id"])
    administrator.request("GET", path, headers=ARABIC)

    refused = administrator.request("POST", "/api/auth/facilityuser/", json={})

    assert refused.status_code == 400
    assert FIELD_REQUIRED in refused.text


def test_a_page_keeps_the_language_of_its_address(site, administrator):
    page = requests.get(f"{site.url}/ar/auth/", timeout=30)

    assert page.headers["Content-Language"] == "ar"
    assert 'lang="ar"' in page.text


def test_a_job_knows_nothing_of_the_one_before(instance):
    output = instance.require("manage", "shell", "-c", JOBS)

    assert "SAME THREAD True FRESH True" in output
