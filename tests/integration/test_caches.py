"""A change on one instance is visible on the other within five seconds."""

from __future__ import annotations

import concurrent.futures

import pytest

from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from tests.integration.serving import AGREED

pytestmark = pytest.mark.slow

SETTINGS = "/api/device/devicesettings/"
NAME = "/api/device/devicename/"
CHANNELS = "/api/content/channel/"

#: For any signed-in user.
SIGNED_IN = "/api/device/freespace/?path=Content"


@pytest.fixture
def administrators(servers):
    """The superuser, signed in to each instance."""
    clients = [KolibriClient(server.url) for server in servers]
    for client in clients:
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    return clients


def patch(client, path, **changes):
    answer = client.request("PATCH", path, json=changes)
    assert answer.status_code == 200, answer.text


def test_a_channel_imported_on_one_instance_is_listed_by_the_other(
    instances, servers, tmp_path_factory
):
    second = KolibriClient(servers[1].url)
    before = second.request("GET", CHANNELS)
    assert before.json() == []
    drive = make_channel(tmp_path_factory.mktemp("drive"))

    instances[0].require("manage", "importchannel", "disk", CHANNEL_ID, str(drive))
    instances[0].require("manage", "importcontent", "disk", CHANNEL_ID, str(drive))

    def listed():
        answer = second.request("GET", CHANNELS, headers={"If-None-Match": before.headers["ETag"]})
        return answer.status_code == 200 and [each["name"] for each in answer.json()]

    assert wait_until(listed, "the channel on the other instance", AGREED) == [CHANNEL_NAME]


def test_device_settings_changed_on_two_instances_both_survive(administrators):
    first, second = administrators
    for client in administrators:
        assert client.get(SETTINGS)["landing_page"] == "sign-in"

    patch(first, NAME, name="Renamed on the first")
    patch(second, SETTINGS, landing_page="learn")

    def agree(client):
        name, settings = client.get(NAME)["name"], client.get(SETTINGS)
        return (name, settings["landing_page"]) == ("Renamed on the first", "learn")

    for client in administrators:
        wait_until(lambda client=client: agree(client), "both changes", AGREED)


def test_device_settings_changed_at_the_same_moment_all_survive(administrators):
    first, second = administrators
    extra = first.get(SETTINGS)["extra_settings"]
    for number in range(5):
        changes = (
            (first, NAME, {"name": f"Name {number}"}),
            (second, SETTINGS, {"allow_guest_access": bool(number % 2)}),
            (first, SETTINGS, {"extra_settings": {**extra, "limit_for_autodownload": number}}),
            (second, SETTINGS, {"allow_learner_unassigned_resource_access": bool(number % 2)}),
        )
        with concurrent.futures.ThreadPoolExecutor(len(changes)) as pool:
            list(pool.map(lambda change: patch(change[0], change[1], **change[2]), changes))

        def survived(number=number):
            settings = second.get(SETTINGS)
            return (
                second.get(NAME)["name"] == f"Name {number}"
                and settings["allow_guest_access"] == bool(number % 2)
                and settings["allow_learner_unassigned_resource_access"] == bool(number % 2)
                and settings["extra_settings"]["limit_for_autodownload"] == number
            )

        wait_until(survived, f"all changes of round {number}", AGREED)


def test_a_right_taken_away_on_one_instance_is_gone_on_the_other(administrators):
    first, second = administrators
    deputy = _create_superuser(first, "deputy")
    at_second = KolibriClient(second.url)
    at_second.sign_in("deputy", "deputy-password")
    assert at_second.request("GET", SETTINGS).status_code == 200

    patch(first, f"/api/device/devicepermissions/{deputy}/", is_superuser=False,
          can_manage_content=False)  # fmt: skip

    wait_until(
        lambda: at_second.request("GET", SETTINGS).status_code == 403, "the right to end", AGREED
    )


def test_a_user_deleted_on_one_instance_is_signed_out_on_the_other(administrators):
    first, second = administrators
    learner = first.create_learner("leaver", "leaver-password", "Leaver")
    at_second = KolibriClient(second.url)
    at_second.sign_in("leaver", "leaver-password")
    assert at_second.request("GET", SIGNED_IN).status_code == 200

    answer = first.request("DELETE", f"/api/auth/facilityuser/{learner['id']}/")

    assert answer.status_code == 204, answer.text
    wait_until(
        lambda: at_second.request("GET", SIGNED_IN).status_code == 403, "the session to end", AGREED
    )


def test_a_value_computed_by_one_process_is_read_by_another(instances):
    write = "process_cache.set('statistics', {'new': [1, 2]}, None)"
    read = "print('found', process_cache.get('statistics'))"
    load = "from kolibri.core.utils.cache import process_cache; "

    instances[0].require("manage", "shell", "-c", load + write)

    assert "found {'new': [1, 2]}" in instances[1].require("manage", "shell", "-c", load + read)


def _create_superuser(administrator, name):
    """Make a superuser; returns the id."""
    user = administrator.create_learner(name, f"{name}-password", name)
    answer = administrator.request(
        "POST",
        "/api/device/devicepermissions/",
        json={"user": user["id"], "is_superuser": True, "can_manage_content": True},
    )
    assert answer.status_code == 201, answer.text
    return user["id"]
