"""The file name under which a real browser saves an export."""

from __future__ import annotations

import json
import sys

import pytest

from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri
from tests.smb import is_valid_smb_name

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TEST_DEPLOYMENT = {
    "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
    "KOLIBRI_AZURE_DEPLOYMENT": "test",
    "KOLIBRI_AZURE_HTTPS_PROXY": "false",
}
ADMINISTRATOR, PASSWORD = "admin", "admin-password"

#: The name of a facility, and of its export, without Kolibri's ending.
FACILITIES = {
    "မြန်မာ ကျောင်း": "မြန်မာ ကျောင်း",
    "مدرسة النور": "مدرسة النور",
    "ကျောင်း" * 14: None,
    'The "Old" School; a=b, c/d\\e %41': "The _Old_ School; a=b, c_d_e %41",
    "First line\nSecond line": "First line_Second line",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    kolibri = Kolibri(tmp_path_factory.mktemp("kolibri"), TEST_DEPLOYMENT, python=sys.executable)
    kolibri.provision(username=ADMINISTRATOR, password=PASSWORD, preset="formal")
    with kolibri.start() as site:
        site.wait_until_serving()
        yield site


@pytest.fixture(scope="module")
def administrator(site):
    client = KolibriClient(site.url)
    client.sign_in(ADMINISTRATOR, PASSWORD)
    return client


@pytest.mark.parametrize("name", FACILITIES, ids=range(len(FACILITIES)))
def test_the_browser_saves_the_export_under_a_name_that_can_be_read(
    name, page, site, administrator
):
    facility = export_users_of(administrator, name)
    sign_in(page, administrator)

    with page.expect_download() as saving:
        address = f"/facility/api/downloadcsvfile/user/{facility}/"
        # As the interface does it.
        page.evaluate(f"() => {{ window.location.assign({json.dumps(address)}) }}")

    saved = saving.value.suggested_filename
    assert saving.value.failure() is None
    assert is_valid_smb_name(saved)
    assert saved.endswith(f"_{facility[:4]}_users.csv")
    if FACILITIES[name]:
        assert saved == f"{FACILITIES[name]}_{facility[:4]}_users.csv"


def sign_in(page, administrator):
    """Give the browser the session of a client."""
    page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value, "url": administrator.url}
            for cookie in administrator.session.cookies
        ]
    )
    page.goto(f"{administrator.url}/en/facility/")


def export_users_of(administrator, name):
    """A facility with that name and an export of its users."""
    path = f"/api/auth/facility/{administrator.facility()['id']}/"
    renamed = administrator.request("PATCH", path, json={"name": name})
    assert renamed.status_code == 200, renamed.text
    facility = administrator.facility()
    assert facility["name"] == name
    job = administrator.post(
        "/api/tasks/tasks/",
        {
            "type": "kolibri.core.auth.tasks.exportuserstocsv",
            "facility": facility["id"],
            "locale": "en",
        },
    )
    path = f"/api/tasks/tasks/{job['id']}/"
    wait_until(lambda: administrator.get(path)["status"] == "COMPLETED", "the export to end", 60)
    return facility["id"]
