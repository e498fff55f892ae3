"""The image's processes on this machine, one or several instances on one database."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.capacity.expense import DATABASE, SERVER, Meter, count_statements, postmaster
from bench.capacity.facility import Ground, Superuser
from bench.deployment import DATABASE as NAME
from bench.deployment import deployment_to_measure
from bench.performance.school import content_file
from bench.soak.proxy import start_proxy
from devtools import container_processes
from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.textbook import textbook
from devtools.container_processes import ContainerProcesses, make_static
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD, Deployment
from devtools.instances import another_instance
from devtools.postgres import PostgresServer

#: Resources of the channel, each with a thumbnail.
RESOURCES = 42

#: Bytes of the video: enough for ranges that a cache of the disk does not hold as one piece.
VIDEO_BYTES = 8 * 1000 * 1000

#: Database connections that PostgreSQL allows, and those that the instances may open together.
#: Four instances of two CPUs need 300.
MAX_CONNECTIONS, ALLOWED_CONNECTIONS = 400, 380


@dataclass
class Here:
    """A deployment on this machine, without a running instance."""

    deployment: Deployment
    postgres: PostgresServer
    folder: Path
    static: Path
    video: str

    def __post_init__(self) -> None:
        self._homes = itertools.count(1)

    @contextlib.contextmanager
    def instances(self, number: int, *, proxy: bool = False) -> Iterator[tuple[str, Meter]]:
        """Run that many instances; yield their address, and a meter of them and the database.

        :param proxy: put nginx in front, which sends requests to each instance in turn.
        """
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(self._begin(number)) for _ in range(number)]
            for server in servers:
                server.wait_until_ready()
            url = servers[0].url
            if proxy or number > 1:
                folder = self.folder / f"proxy-{next(self._homes)}"
                front = stack.enter_context(start_proxy(folder, [each.url for each in servers]))
                front.wait_until_serving()
                url = front.url
            roots = {
                SERVER: [server.pid for server in servers],
                DATABASE: [postmaster(self.postgres)],
            }
            yield url, Meter(roots, self.postgres, NAME)

    def superuser(self, url: str) -> Superuser:
        return Superuser(url, SUPERUSER, SUPERUSER_PASSWORD)

    def give_video(self, ground: Ground) -> None:
        """Let children watch a large file: the channel's videos have a few kilobytes."""
        ground.video, ground.video_bytes = self.video, VIDEO_BYTES

    def _begin(self, number: int) -> ContainerProcesses:
        home = self.folder / f"instance-{next(self._homes)}"
        settings = {
            "KOLIBRI_AZURE_INSTANCES": str(number),
            "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS": str(ALLOWED_CONNECTIONS),
        }
        instance = another_instance(self.deployment, home, **settings)
        return container_processes.begin(instance, static=self.static)


@contextlib.contextmanager
def deployment_here() -> Iterator[Here]:
    """A deployment with a channel; removed at the end."""
    with deployment_to_measure() as (deployment, postgres, _azure):
        folder = deployment.home.with_name("measured")
        folder.mkdir()
        postgres.configure(max_connections=MAX_CONNECTIONS)
        count_statements(postgres)
        with ThreadPoolExecutor() as pool:
            static = pool.submit(make_static, folder / "static")
            deployment.provision()
            channel = make_channel(folder / "channel", textbook(RESOURCES))
            for command in ("importchannel", "importcontent"):
                deployment.require("manage", command, "disk", CHANNEL_ID, str(channel))
        video = content_file(deployment.share, VIDEO_BYTES)
        yield Here(deployment, postgres, folder, static.result(), video)
