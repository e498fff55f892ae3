"""The table of the image's own settings: environment variables beside those of the plugin.

docs/container.md lists them, and a test holds the page to this table.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

from kolibri_azure_plugin.settings_table import Row, Value, read


@dataclasses.dataclass(frozen=True)
class ImageRow(Row):
    """A setting of the image; its name is that of its environment variable."""

    @property
    def variable(self) -> str:
        return self.name


def _row(variable: str, default: Value, text: str, **details: typing.Any) -> typing.Any:
    metadata = {"name": variable, "help": text, **details}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class ImageSettings:
    """Every setting of the image, with the value in force. 0 stands for: by CPUs and memory."""

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
        "The address on which the public port is open, such as 127.0.0.1. Empty: on all.",
    )
    run: str = _row(
        "KOLIBRI_CONTAINER_RUN",
        "/tmp/kolibri",  # noqa: S108 - the image's own /tmp; supervision.py makes it private
        "Folder for what lives as long as the container: sockets, nginx's configuration and "
        "temporary files, what the supervisor notes.",
    )
    static: str = _row(
        "KOLIBRI_CONTAINER_STATIC",
        "/opt/kolibri/static",
        "Folder with Kolibri's static files, made when the image is built.",
    )
    ssh: bool = _row(
        "KOLIBRI_AZURE_SSH", False, "Whether the portal's SSH session into the container is on."
    )
    max_connections: int = _row(
        "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS",
        80,
        "Database connections that all instances together may open. The default suits a "
        "PostgreSQL with its own default of 100.",
        minimum=1,
    )
    cpus: int = _row(
        "KOLIBRI_CONTAINER_CPUS",
        0,
        "CPUs to plan for. 0: those that the container may use.",
    )
    memory: int = _row(
        "KOLIBRI_CONTAINER_MEMORY",
        0,
        "Memory to plan for, in MB. 0: what the container may use.",
    )
    processes: int = _row(
        "KOLIBRI_CONTAINER_PROCESSES", 0, "Processes that serve the app. 0: by CPUs and memory."
    )
    threads: int = _row(
        "KOLIBRI_CHERRYPY_THREAD_POOL",
        0,
        "Threads of all those processes together; each may open database connections. "
        "0: by the processes and the database connections.",
    )
    zipcontent_processes: int = _row(
        "KOLIBRI_CONTAINER_ZIPCONTENT_PROCESSES",
        0,
        "Processes that serve HTML5 content. 0: by CPUs and memory.",
    )
    zipcontent_threads: int = _row(
        "KOLIBRI_CONTAINER_ZIPCONTENT_THREADS", 8, "Threads of each of them.", minimum=1
    )
    nginx_workers: int = _row(
        "KOLIBRI_CONTAINER_NGINX_WORKERS", 0, "Processes of nginx. 0: one for each CPU, 2 to 4."
    )
    nginx_connections: int = _row(
        "KOLIBRI_CONTAINER_NGINX_CONNECTIONS",
        0,
        "Connections of each of them. 0: one for each MB of memory, 512 to 4096.",
    )
    stop_limit: int = _row(
        "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
        5,
        "Seconds after SIGTERM at which the platform kills the container. Requests in flight get "
        "all of them but three.",
        minimum=5,
    )


def rows() -> Iterator[tuple[str, ImageRow]]:
    """Each setting of the table with the field of :class:`ImageSettings` that holds its value."""
    for field in dataclasses.fields(ImageSettings):
        default = typing.cast(Value, field.default)
        yield field.name, ImageRow(default=default, **field.metadata)


def load(environ: Mapping[str, str]) -> ImageSettings:
    """Read every setting.

    :raises SettingsError: naming every setting that can't be used.
    """
    values, _sources = read(rows(), environ, {}, page="docs/container.md")
    return ImageSettings(**typing.cast("dict[str, typing.Any]", values))
