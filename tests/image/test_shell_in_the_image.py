"""The portal's shell in the image: an ordinary user without any capability, on a read-only root."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from devtools.container.container import Container
from devtools.deadline import wait_until
from devtools.ports import free_port, is_free
from kolibri_azure_plugin.container import shell
from tests.container.ssh import SOON, connect, read_until, session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_free(shell.PORT), reason=f"something else uses port {shell.PORT}"),
]

SERVER = SimpleNamespace(port=shell.PORT)


@pytest.fixture
def container(site):
    """A container that serves interactive content, with the shell on."""
    names = ("KOLIBRI_AZURE_ALLOWED_HOSTS", "KOLIBRI_ZIP_CONTENT_ORIGIN")
    environment = {name: site.settings[name] for name in names}
    environment["KOLIBRI_AZURE_MOUNT_TYPES"] = site.environment["KOLIBRI_AZURE_MOUNT_TYPES"]
    environment.update(PORT=str(free_port()), KOLIBRI_AZURE_SSH="true")
    content = [mount for mount in site.mounts if mount.target == "/data/content"]
    with Container.start(
        site.engine, site.image, "zipcontent", environment=environment, mounts=content
    ) as container:
        container.wait_until_ready(180)
        wait_until(lambda: "SSH listens on 127.0.0.1" in container.log, "the shell", SOON)
        yield container


def test_a_session_finds_kolibri_with_the_settings_of_the_container(container):
    async def look():
        async with connect(SERVER) as connection:
            who = await connection.run("id -u; pwd; kolibri --version")
            check = await connection.run("kolibri manage azure_check --format short --unhurried")
            return who.stdout, check

    who, check = asyncio.run(look())
    assert who.splitlines()[:2] == ["1000", "/var/lib/kolibri"]
    assert "0.19" in who
    assert check.exit_status == 0, check.stdout + check.stderr


def test_a_session_has_a_terminal(container):
    async def look():
        async with session(SERVER, term_size=(99, 44)) as process:
            process.stdin.write("tty; stty size\n")
            return await read_until(process, "44 99")

    assert "/dev/pts/" in asyncio.run(look())
    assert container.stop()[0] == 0
