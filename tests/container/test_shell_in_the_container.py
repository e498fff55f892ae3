"""The portal's shell in a whole container: off unless a setting enables it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from devtools import container_processes
from devtools.deadline import wait_until
from devtools.ports import is_free
from kolibri_azure_plugin.container import shell
from tests.integration.content_app import content_app

from .listening import addresses
from .ssh import SOON, connect, needs_asyncssh

pytestmark = needs_asyncssh


@pytest.fixture
def begin(tmp_path, mounts):
    """Start the container of the second web app, which needs no database."""
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    begun = []
    content = tmp_path / "content"
    content.mkdir()

    def start(**settings):
        app = content_app(tmp_path, content)
        # A command there must get its role from the entrypoint.
        del app.environment["KOLIBRI_AZURE_ROLE"]
        container = container_processes.begin(app, mode="zipcontent", **settings)
        begun.append(container)
        container.wait_until_ready()
        return container

    yield start
    for container in begun:
        container.kill()


@pytest.mark.parametrize("setting", [None, "false", ""])
def test_it_is_off_and_nothing_but_nginx_listens(setting, begin):
    settings = {} if setting is None else {"KOLIBRI_AZURE_SSH": setting}
    container = begin(**settings)
    assert addresses(container) == {("127.0.0.1", int(container.url.rpartition(":")[2]))}
    assert "shell" not in container.parts()


@pytest.mark.skipif(not is_free(shell.PORT), reason=f"something else uses port {shell.PORT}")
def test_where_it_is_on_a_session_has_the_settings_and_the_role_of_the_container(begin):
    container = begin(KOLIBRI_AZURE_SSH="true")
    wait_until(lambda: ("127.0.0.1", shell.PORT) in addresses(container), "the shell", SOON)

    async def look():
        async with connect(SimpleNamespace(port=shell.PORT)) as connection:
            return await connection.run(
                "echo $KOLIBRI_AZURE_ROLE $KOLIBRI_AZURE_CONTENT_MOUNT; "
                "s6-svstat -o up $KOLIBRI_CONTAINER_RUN/services/zipcontent; "
                "kolibri manage azure_check --format short --unhurried"
            )

    answer = asyncio.run(look())
    mount = container.run.parent / "mount"
    assert answer.stdout.startswith(f"zipcontent {mount}\ntrue\n")
    assert answer.exit_status == 0
    assert container.stop() == 0
