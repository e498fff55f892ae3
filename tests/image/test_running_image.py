"""A container of the image when killed, doubled, denied memory, broken, and stopped."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from devtools.container import visit
from devtools.container.container import Container
from devtools.container.site import SUPERUSER
from devtools.container.smoke import IDLE_STOP_SECONDS
from devtools.deadline import wait_until
from devtools.ports import free_port

pytestmark = pytest.mark.slow

ALIVE = ("python", "-I", "-m", "kolibri_azure_plugin.container.healthcheck")

#: As many at once as the container has threads, and more.
VISITORS = 40

KILL_THE_APP = ("s6-svc", "-k", "/tmp/kolibri/services/app")


def test_two_containers_serve_one_site(site):
    another = free_port()
    with (
        site.start(KOLIBRI_AZURE_INSTANCES="2") as first,
        site.start(KOLIBRI_AZURE_INSTANCES="2", PORT=str(another)) as second,
    ):
        for container in (first, second):
            container.wait_until_ready(180)
        session = site.signed_in()
        visit.require_user(session, SUPERUSER)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.session.cookies)
        answer = requests.get(
            f"{second.url}/api/auth/facilityuser/",
            headers={"Cookie": cookies, "Host": "localhost", "X-Forwarded-Proto": "https"},
            timeout=30,
        )
        assert SUPERUSER in {user["username"] for user in answer.json()}
        for container in (first, second):
            assert container.stop()[0] == 0


def test_a_container_in_mode_zipcontent_needs_its_own_settings_only(site):
    names = ("KOLIBRI_AZURE_ALLOWED_HOSTS", "KOLIBRI_ZIP_CONTENT_ORIGIN")
    environment = {name: site.settings[name] for name in names}
    environment["KOLIBRI_AZURE_MOUNT_TYPES"] = site.environment["KOLIBRI_AZURE_MOUNT_TYPES"]
    environment["PORT"] = str(free_port())
    content = [mount for mount in site.mounts if mount.target == "/data/content"]
    with Container.start(
        site.engine, site.image, "zipcontent", environment=environment, mounts=content
    ) as container:
        container.wait_until_ready(180)
        assert container.execute(*ALIVE).code == 0
        assert requests.get(f"{container.url}/en/learn/", timeout=30).status_code == 404
        assert container.stop()[0] == 0


def test_a_container_in_mode_worker_is_healthy_and_listens_nowhere(site):
    with site.start("worker") as container:
        wait_until(lambda: "workers" in container.log.lower(), "the workers", 60)
        assert container.execute(*ALIVE).code == 0
        assert not container.is_alive()
        assert container.stop()[0] == 0


def test_the_health_check_of_the_image_notices_a_site_that_does_not_answer(container):
    assert container.execute(*ALIVE) == (0, "")
    container.execute("s6-svc", "-d", "/tmp/kolibri/services/nginx")
    wait_until(lambda: container.execute(*ALIVE).code == 1, "the health check to notice", 30)


def test_the_container_stays_within_its_memory(site, container):
    session = site.signed_in()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.session.cookies)
    headers = {"Cookie": cookies, "Host": "localhost", "X-Forwarded-Proto": "https"}

    def visit(number):
        # None of these is kept by nginx.
        address = f"{container.url}/api/auth/facilityuser/?visit={number}"
        return requests.get(address, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(VISITORS) as visitors:
        assert set(visitors.map(visit, range(20 * VISITORS))) == {200}
    assert not container.was_oom_killed
    assert container.running


def test_the_container_knows_the_memory_that_it_may_use(site):
    with Container.start(
        *(site.engine, site.image, "check", "--only", "platform"),
        environment=site.environment,
        mounts=site.mounts,
        memory="900m",
    ) as small:
        small.wait(60)
        assert "0.9 GiB of memory" in small.log


def test_nothing_is_logged_to_files(container):
    container.wait_until_ready(180)
    find = 'test -d "$KOLIBRI_HOME" && find "$KOLIBRI_HOME" -type f -path "*/logs/*"'
    assert container.execute("sh", "-c", find) == (0, "")


def test_a_part_that_dies_is_started_again(container):
    container.execute(*KILL_THE_APP)
    wait_until(lambda: "is started again" in container.log, "the supervisor to notice", 30)
    container.wait_until_ready(180)


def test_a_container_whose_part_keeps_dying_ends_with_the_reason(container):
    def ended() -> bool:
        if container.running:
            container.execute(*KILL_THE_APP)
        return not container.running

    wait_until(ended, "the container to give up", 90)
    assert container.exit_code == 1
    assert re.search(r"app has ended 5 times within a minute, .* the container ends", container.log)


def test_an_idle_container_ends_at_once(container):
    code, seconds = container.stop()
    assert code == 0
    assert seconds <= IDLE_STOP_SECONDS
    assert "Traceback" not in container.log
