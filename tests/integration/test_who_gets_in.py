"""On a new site, only staff make accounts and everyone needs a password, whatever the preset.

Only settings change that.
"""

from __future__ import annotations

import itertools
import json

import pytest
import requests
from kolibri.core.auth.constants.facility_presets import mappings

from devtools.azure_standin import AzureStandin
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

from .conftest import NO_SETUP_SETTINGS, TEST_DEPLOYMENT
from .examination import examine
from .serving import gunicorn, signed_in

pytestmark = pytest.mark.slow

SIGN_UP = "KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP"
LOGIN_BY_NAME = "KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME"

#: As the ARM templates write them; the Azure portal can leave one empty.
TEXTS = {True: "true", False: "false", None: ""}

#: Each preset with each answer to the two questions, and without an answer.
COMBINATIONS = [*itertools.product(mappings, TEXTS, TEXTS)]

CHECK = "azure.kolibri.accounts"

#: Where anyone can send a name and a password of their choice.
SIGN_UPS = ("/api/auth/signup/", "/api/public/signup/")

#: Where a learner without a password chooses one, once passwords are required again.
CHOOSE_A_PASSWORD = "/api/auth/setnonspecifiedpassword"

LEARNER, LEARNER_PASSWORD = "anna", "anna-password"
NEWCOMER, NEWCOMER_PASSWORD = "newcomer", "newcomer-password"


def settings_for(preset, sign_up, by_name):
    return {
        "KOLIBRI_AZURE_FACILITY_PRESET": preset,
        SIGN_UP: TEXTS[sign_up],
        LOGIN_BY_NAME: TEXTS[by_name],
    }


@pytest.fixture(scope="module")
def facilities(tmp_path_factory, deployed, migrated_database):
    """The resulting facility settings for each combination of settings."""
    folder = tmp_path_factory.mktemp("facilities")
    with (
        AzureStandin(folder / "azure") as azure,
        deployed(folder, azure, migrated_database) as made,
    ):
        names = {name: made.environment[name] for name in NO_SETUP_SETTINGS}
        each = [{**names, **settings_for(*combination)} for combination in COMBINATIONS]
        made.environment.update({**TEST_DEPLOYMENT, **NO_SETUP_SETTINGS, "EACH": json.dumps(each)})
        printed = made.require(
            "manage", "shell", "-c", "from tests.integration.set_up_facilities import main; main()"
        )
    return dict(zip(COMBINATIONS, json.loads(printed.splitlines()[-1])))


@pytest.mark.parametrize(("preset", "sign_up", "by_name"), COMBINATIONS)
def test_settings_go_before_the_preset(preset, sign_up, by_name, facilities):
    assert facilities[preset, sign_up, by_name] == {
        **mappings[preset],
        "preset": preset,
        "learner_can_sign_up": bool(sign_up),
        "learner_can_login_with_no_password": bool(by_name),
        # Without passwords there is none to change.
        "learner_can_edit_password": mappings[preset]["learner_can_edit_password"] and not by_name,
        "allow_guest_access": bool(sign_up) and preset != "formal",
    }


class Site:
    """A new site, as its administrator and as visitors see it."""

    def __init__(self, url, deployment, postgres):
        self.url = url
        self._deployment, self._postgres = deployment, postgres
        self.admin = signed_in(url, SUPERUSER, SUPERUSER_PASSWORD)
        self.admin.create_learner(LEARNER, LEARNER_PASSWORD, LEARNER)

    def visitor(self):
        visitor = KolibriClient(self.url, forwarded_https=True)
        # As each page does first; the answer sets the CSRF cookie.
        visitor.request("PUT", "/api/auth/session/current/", json={"active": False})
        return visitor

    def send(self, path, **data):
        visitor = self.visitor()
        return visitor.request("POST", path, json={**data, "facility": visitor.facility()["id"]})

    def sign_up(self, path):
        return self.send(
            path, username=NEWCOMER, password=NEWCOMER_PASSWORD, full_name="A Newcomer"
        )

    def sign_in(self, username, **password):
        return self.send("/api/auth/session/", username=username, **password)

    def require_passwords(self):
        """Change a setting as in Facility, Settings."""
        dataset = self.admin.get("/api/auth/facilitydataset/")[0]["id"]
        answer = self.admin.request(
            "PATCH",
            f"/api/auth/facilitydataset/{dataset}/save-facility-login-settings/",
            json={"learner_can_login_with_no_password": False, "picture_password_settings": None},
        )
        assert answer.status_code == 200, answer.text

    def examine(self):
        return examine(self._deployment, "--only", CHECK)[CHECK]

    def users(self):
        rows = self._postgres.execute(
            "SELECT username FROM kolibriauth_facilityuser ORDER BY username",
            database=self._deployment.database,
        )
        return [username for (username,) in rows]


@pytest.fixture
def site_with(unprovisioned, postgres):
    """Start a site with these settings, on an empty database."""
    servers = []

    def start(**settings):
        unprovisioned.environment.update(settings)
        server = gunicorn(unprovisioned)
        servers.append(server)
        site = Site(server.url, unprovisioned, postgres)
        site.log = server.output
        return site

    yield start
    for server in servers:
        server.kill()


def reasons(answer):
    return [reason["id"] for reason in answer.json()]


def assert_sign_up_is_refused(site):
    for path in SIGN_UPS:
        answer = site.sign_up(path)
        assert (answer.status_code, reasons(answer)) == (403, ["PERMISSION_DENIED"]), path
    # Staff's own way to make accounts.
    assert site.sign_up("/api/auth/facilityuser/").status_code == 403
    assert site.users() == [SUPERUSER, LEARNER]


def assert_a_password_is_needed(site):
    nothing = site.sign_in(LEARNER)
    assert (nothing.status_code, reasons(nothing)) == (400, ["MISSING_PASSWORD"])
    assert reasons(site.sign_in(LEARNER, password="")) == ["MISSING_PASSWORD"]
    wrong = site.sign_in(LEARNER, password="NOT_SPECIFIED")
    assert (wrong.status_code, reasons(wrong)) == (401, ["INVALID_CREDENTIALS"])
    # Nor can someone else choose it.
    chosen = site.send(CHOOSE_A_PASSWORD, username=LEARNER, password="mine")
    assert chosen.status_code == 404
    assert site.sign_in(LEARNER, password=LEARNER_PASSWORD).status_code == 200
    # Without passwords, Kolibri lists the learners for everyone.
    assert site.visitor().get("/api/auth/facilityusername/") == []


@pytest.mark.parametrize("preset", mappings)
def test_by_default_a_new_site_is_closed_whatever_the_preset(preset, site_with):
    site = site_with(KOLIBRI_AZURE_FACILITY_PRESET=preset)

    assert_sign_up_is_refused(site)
    assert_a_password_is_needed(site)
    # Nor can staff make an account whose password someone else chooses.
    with pytest.raises(requests.HTTPError, match="PASSWORD_NOT_SPECIFIED"):
        site.admin.create_learner("locked_out", "NOT_SPECIFIED", "Locked Out")
    dataset = site.visitor().get("/api/auth/facilitydataset/")[0]
    assert dataset["allow_guest_access"] is False
    assert "Sign-up by anybody: no; learners without a password: no; guests: no." in site.log


@pytest.mark.parametrize("path", SIGN_UPS)
def test_with_the_setting_anybody_signs_up_in_a_formal_facility_too(path, site_with):
    site = site_with(**settings_for("formal", True, None))

    answer = site.sign_up(path)

    assert answer.status_code == 201, answer.text
    assert site.users() == [SUPERUSER, LEARNER, NEWCOMER]
    assert site.sign_in(NEWCOMER, password=NEWCOMER_PASSWORD).status_code == 200
    assert_a_password_is_needed(site)
    assert "Sign-up by anybody: yes; learners without a password: no; guests: no." in site.log


def test_with_the_setting_learners_of_a_nonformal_facility_need_no_password(site_with):
    site = site_with(**settings_for("nonformal", None, True))

    answer = site.sign_in(LEARNER)

    assert answer.status_code == 200, answer.text
    assert answer.json()["username"] == LEARNER
    assert site.sign_in(SUPERUSER).status_code == 400, "staff need theirs in any case"
    assert site.visitor().get("/api/auth/facilityusername/") == [{"username": LEARNER}]
    assert_sign_up_is_refused(site)
    assert "Sign-up by anybody: no; learners without a password: yes; guests: no." in site.log


def test_an_account_without_a_password_belongs_to_the_first_visitor_who_takes_it(site_with):
    """Kolibri allows it, and the doctor warns about it."""
    site = site_with(**settings_for("nonformal", None, True))
    site.admin.create_learner("bea", "NOT_SPECIFIED", "Bea")
    site.require_passwords()

    found = site.examine()
    chosen = site.send(CHOOSE_A_PASSWORD, username="bea", password="stolen-bea")

    assert "accounts in Kolibri School without a password: 1;" in found["cause"]
    assert chosen.status_code == 200
    assert site.sign_in("bea", password="stolen-bea").status_code == 200
    assert site.examine()["status"] == "pass"


@pytest.fixture
def doctor_on(provisioned, postgres):
    """Change the facility as in Kolibri, and run the doctor."""

    def examined(change, **settings):
        postgres.execute(
            f"UPDATE kolibriauth_facilitydataset SET {change}", database=provisioned.database
        )
        provisioned.environment.update(settings)
        return examine(provisioned, "--only", CHECK)[CHECK]

    return examined


def test_the_doctor_is_content_with_an_open_site_that_is_meant_to_be_one(doctor_on):
    opened = "learner_can_sign_up = true, learner_can_login_with_no_password = true"

    assert doctor_on(opened)["cause"].count("Kolibri School") == 2
    assert doctor_on(opened, **settings_for("formal", True, True))["status"] == "pass"


def test_the_doctor_takes_three_pictures_for_no_password(doctor_on):
    found = doctor_on("""picture_password_settings = '{"icon_style": "colorful"}'""")

    assert found["cause"] == "learners of Kolibri School can sign in without a password"


def test_the_doctor_says_nothing_of_a_site_without_a_facility(unprovisioned):
    assert examine(unprovisioned, "--only", CHECK)[CHECK]["message"] == "there is no facility yet"
