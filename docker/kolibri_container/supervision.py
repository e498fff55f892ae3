"""What s6 supervises: a folder for each part, with links to the scripts in docker/services.

The folders lie in RUN, the scripts do not: RUN may be mounted without permission to execute.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.preconditions import wants_postgresql
from kolibri_container import origins
from kolibri_container.configuration import Configuration
from kolibri_container.nginx import Nginx

SERVICES = Path(__file__).parents[1] / "services"

WEB, WORKER, ZIPCONTENT = "web", "worker", "zipcontent"

#: The parts of each mode; `shell` comes to each where a setting switches it on.
PARTS = {
    WEB: ("nginx", "app", "zipcontent", "worker", "content_watch"),
    WORKER: ("worker",),
    ZIPCONTENT: ("nginx", "zipcontent", "content_watch"),
}

#: Milliseconds that a part gets to end before it is killed, where the platform's limit is not less.
WORKER_MS = 6_000

#: What the parts write to the folder of the supervisor itself.
CONTROL = ".s6-svscan"


def prepare(
    mode: str, configuration: Configuration, environ: MutableMapping[str, str]
) -> list[str]:
    """Write all that the parts of a mode read.

    :param environ: gets what only the parts need.
    :returns: the command of the supervisor.
    :raises SettingsError: when the deployment can't be started like this.
    """
    zipcontent_host = None
    if mode == WEB:
        zipcontent_host = origins.zip_content_host(
            configuration.plugin, environ, configuration.options
        )
    parts = _parts(mode, configuration, environ)
    if mode == WEB and zipcontent_host is None:
        parts = [part for part in parts if part.name != "zipcontent"]
    run = configuration.run
    _make_private(run)
    _nginx(mode, configuration, environ, zipcontent_host).write()
    folder = run / "services"
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts:
        _write_part(folder / part.name, part)
    _link(SERVICES / "stop", folder / CONTROL / "SIGTERM")
    _link(SERVICES / "stop", folder / CONTROL / "SIGINT")
    _link(SERVICES / "end", folder / CONTROL / "finish")
    # The allocator would keep a reserve for each thread.
    environ.setdefault("MALLOC_ARENA_MAX", "2")
    return ["s6-svscan", str(folder)]


@dataclasses.dataclass(frozen=True)
class _Part:
    """One part; the rest is in its scripts.

    :param scripts: the folder in docker/services.
    :param stop_ms: milliseconds after which it is killed when it does not end.
    """

    name: str
    scripts: str
    stop_ms: int


def _parts(
    mode: str, configuration: Configuration, environ: MutableMapping[str, str]
) -> list[_Part]:
    names = list(PARTS[mode])
    if configuration.settings.ssh:
        names.append("shell")
    if not configuration.plugin.workers and "worker" in names:
        names.remove("worker")
    limit = (configuration.settings.stop_limit - 1) * 1000
    on_postgresql = wants_postgresql(configuration.plugin, environ, configuration.options)
    scripts = {"worker": "worker" if on_postgresql else "worker_on_sqlite"}
    stop_ms = {"worker": min(WORKER_MS, limit)}
    return [_Part(name, scripts.get(name, name), stop_ms.get(name, limit)) for name in names]


def _write_part(folder: Path, part: _Part) -> None:
    scripts = SERVICES / part.scripts
    for path in scripts.iterdir():
        _link(path, folder / path.name)
    _link(SERVICES / "finish", folder / "finish")
    (folder / "timeout-kill").write_text(f"{part.stop_ms}\n")


def _nginx(
    mode: str,
    configuration: Configuration,
    environ: Mapping[str, str],
    zipcontent_host: str | None,
) -> Nginx:
    return Nginx(
        run=configuration.run,
        static=Path(configuration.settings.static),
        content=configuration.content,
        listen=_listen(configuration.settings.port, environ),
        zipcontent_host=zipcontent_host,
        zipcontent_only=mode == ZIPCONTENT,
        behind_proxy=configuration.plugin.https_proxy,
        workers=configuration.sizes.nginx_workers,
        shutdown_seconds=max(1, configuration.settings.stop_limit - 3),
    )


def _listen(port: int, environ: Mapping[str, str]) -> str:
    """On all addresses, where Kolibri's own setting does not name one."""
    address = environ.get("KOLIBRI_LISTEN_ADDRESS", "")
    return f"{address}:{port}" if address else str(port)


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _make_private(run: Path) -> None:
    """:raises SettingsError: when the folder can't be made, or belongs to somebody else."""
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = run.stat()
    except OSError as error:
        raise _unusable(run, str(error.strerror)) from error
    if owner.st_uid != os.geteuid() or owner.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(run, "others may write there")


def _unusable(run: Path, found: str) -> SettingsError:
    return SettingsError(
        "The container has no folder for what it writes while it runs.",
        expected=f"{run} on a file system where user {os.geteuid()} may write, such as a tmpfs",
        found=found,
        remedy="docker run --read-only --tmpfs /tmp …, or set KOLIBRI_CONTAINER_RUN",
        code="container-run",
    )
