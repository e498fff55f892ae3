"""The table of the image's own settings, which are environment variables.

docs/container.md lists them, and a test compares the page with this table.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

from kolibri_azure_plugin.configuration.table import Row, Value, read


@dataclasses.dataclass(frozen=True)
class ImageRow(Row):
    """A setting of the image, named like its environment variable."""

    @property
    def variable(self) -> str:
        return self.name


def _row(variable: str, default: Value, text: str, **details: typing.Any) -> typing.Any:
    metadata = {"name": variable, "help": text, **details}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class ImageSettings:
    """Every setting of the image, with the value in force. 0 means: based on CPUs and memory."""

    port: int = _row(
        "PORT",
        8080,
        "The public port. App Service sets it.",
        minimum=1,
        fallbacks=("WEBSITES_PORT",),
    )
    listen_address: str = _row(
        "KOLIBRI_LISTEN_ADDRESS",
        "",
        "The address to listen on, such as 127.0.0.1. Empty: all addresses.",
    )
    run: str = _row(
        "KOLIBRI_CONTAINER_RUN",
        "/tmp/kolibri",  # noqa: S108 - the image's own /tmp; supervision.py makes it private
        "Folder for sockets, nginx's configuration, temporary files and the supervisor's state. It "
        "is needed only while the container runs.",
    )
    static: str = _row(
        "KOLIBRI_CONTAINER_STATIC",
        "/opt/kolibri/static",
        "Folder with Kolibri's static files, created when the image is built.",
    )
    ssh: bool = _row(
        "KOLIBRI_AZURE_SSH", False, "Whether the portal can open an SSH session in the container."
    )
    max_connections: int = _row(
        "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS",
        80,
        "Database connections that all instances together may open. The default suits "
        "PostgreSQL's default limit of 100.",
        minimum=1,
    )
    cpus: int = _row(
        "KOLIBRI_CONTAINER_CPUS",
        0,
        "CPUs to plan with. 0: all that the container may use.",
    )
    memory: int = _row(
        "KOLIBRI_CONTAINER_MEMORY",
        0,
        "Memory to plan with, in MB. 0: all that the container may use.",
    )
    processes: int = _row(
        "KOLIBRI_CONTAINER_PROCESSES",
        0,
        "Processes that serve the app. 0: based on CPUs and memory.",
    )
    threads: int = _row(
        "KOLIBRI_CHERRYPY_THREAD_POOL",
        0,
        "Threads of all these processes together; each may open database connections. "
        "0: based on the number of processes and database connections.",
    )
    zipcontent_processes: int = _row(
        "KOLIBRI_CONTAINER_ZIPCONTENT_PROCESSES",
        0,
        "Processes that serve HTML5 content. 0: based on CPUs and memory.",
    )
    zipcontent_threads: int = _row(
        "KOLIBRI_CONTAINER_ZIPCONTENT_THREADS",
        8,
        "Threads of each of these processes.",
        minimum=1,
    )
    nginx_workers: int = _row(
        "KOLIBRI_CONTAINER_NGINX_WORKERS", 0, "nginx processes. 0: one for each CPU, from 2 to 4."
    )
    nginx_connections: int = _row(
        "KOLIBRI_CONTAINER_NGINX_CONNECTIONS",
        0,
        "Connections of each nginx process. 0: one for each MB of memory, from 512 to 4096.",
    )
    stop_limit: int = _row(
        "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
        5,
        "Seconds between SIGTERM and the platform's SIGKILL. Open requests have three seconds less "
        "to finish.",
        minimum=5,
    )


def rows() -> Iterator[tuple[str, ImageRow]]:
    """Each setting of the table, with the field of :class:`ImageSettings` for its value."""
    for field in dataclasses.fields(ImageSettings):
        default = typing.cast(Value, field.default)
        yield field.name, ImageRow(default=default, **field.metadata)


def load(environ: Mapping[str, str]) -> ImageSettings:
    """Read every setting.

    :raises SettingsError: naming every setting that can't be used.
    """
    values, _sources = read(rows(), environ, {}, page="docs/container.md")
    return ImageSettings(**typing.cast("dict[str, typing.Any]", values))
