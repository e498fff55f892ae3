"""What s6 supervises: a folder for each part, with links to the scripts in docker/services.

The folders lie in RUN, the scripts do not: RUN may be mounted without permission to execute.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import stat
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.preconditions import wants_postgresql
from kolibri_container import origins
from kolibri_container.configuration import Configuration
from kolibri_container.listening import listen
from kolibri_container.nginx import Nginx

SERVICES = Path(__file__).parents[1] / "services"

#: The modes; the last two are also parts.
WEB, WORKER, ZIPCONTENT = "web", "worker", "zipcontent"

NGINX = "nginx"

#: Another nginx, which reads the content share.
CONTENT = "content"

#: Keeps the site answering while the content share hangs.
CONTENT_WATCH = "content_watch"

#: Examines the instance, and in turn with others the deployment; of every mode, unless a setting
#: keeps it away.
DOCTOR = "doctor"

#: A part of every mode where a setting wants it.
SHELL = "shell"

#: The parts of each mode, as docs/container.md explains them.
PARTS = {
    WEB: (NGINX, CONTENT, "app", ZIPCONTENT, WORKER, CONTENT_WATCH, DOCTOR),
    WORKER: (WORKER, DOCTOR),
    ZIPCONTENT: (NGINX, CONTENT, ZIPCONTENT, CONTENT_WATCH, DOCTOR),
}

#: Seconds that a part gets to end before it is killed. Nobody waits for gunicorn's answers any more
#: when it is told to end; a worker needs 3 for its jobs, and ends while nginx does.
STOP_SECONDS = 1.5
WORKER_STOP_SECONDS = 6.0

#: Seconds of the platform's limit that nginx must leave to the others.
LEFT_FOR_OTHERS = 3


@dataclasses.dataclass(frozen=True)
class Part:
    """What s6 starts, and starts again when it ends.

    :param scripts: its folder in docker/services.
    :param stop_seconds: after which it is killed when it does not end.
    """

    name: str
    scripts: str
    stop_seconds: float


def prepare(
    mode: str, configuration: Configuration, environ: MutableMapping[str, str]
) -> list[str]:
    """Write all that the parts of a mode read.

    :param environ: gets what only the parts need.
    :returns: the command of the supervisor.
    :raises SettingsError: when the deployment can't be started like this.
    """
    zipcontent_host = (
        origins.zip_content_host(configuration.plugin, environ, configuration.options)
        if mode == WEB
        else None
    )
    run = configuration.run
    _require_plain(run, "KOLIBRI_CONTAINER_RUN")
    _require_plain(configuration.content, "the content folder")
    _make_private(run)
    if NGINX in PARTS[mode]:
        _nginx(mode, configuration, zipcontent_host).write()
    folder = run / "services"
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts(mode, configuration, environ, has_zipcontent=zipcontent_host is not None):
        _write_part(folder / part.name, part)
    # s6-svscan runs these when it gets the signals, and at its end.
    for signal in ("SIGTERM", "SIGINT"):
        _link(SERVICES / "stop", folder / ".s6-svscan" / signal)
    _link(SERVICES / "end", folder / ".s6-svscan" / "finish")
    # The allocator would keep a reserve for each thread.
    environ.setdefault("MALLOC_ARENA_MAX", "2")
    return ["s6-svscan", str(folder)]


def parts(
    mode: str,
    configuration: Configuration,
    environ: Mapping[str, str],
    *,
    has_zipcontent: bool,
) -> list[Part]:
    """What runs in a mode.

    :param has_zipcontent: False where interactive content has no host name of its own.
    """
    names = list(PARTS[mode])
    if mode == WEB and not has_zipcontent:
        names.remove(ZIPCONTENT)
    if mode == WEB and not configuration.plugin.workers:
        names.remove(WORKER)
    if not configuration.plugin.check_interval:
        names.remove(DOCTOR)
    if configuration.settings.ssh:
        names.append(SHELL)
    on_postgresql = wants_postgresql(configuration.plugin, environ, configuration.options)
    scripts = {WORKER: WORKER if on_postgresql else "worker_on_sqlite"}
    stop_seconds = {
        NGINX: _shutdown_seconds(configuration) + 0.5,
        CONTENT: STOP_SECONDS,
        WORKER: min(WORKER_STOP_SECONDS, configuration.settings.stop_limit - 1),
        # Its visitors are told.
        SHELL: LEFT_FOR_OTHERS,
    }
    return [
        Part(name, scripts.get(name, name), stop_seconds.get(name, STOP_SECONDS)) for name in names
    ]


def _shutdown_seconds(configuration: Configuration) -> int:
    return configuration.settings.stop_limit - LEFT_FOR_OTHERS


def _nginx(mode: str, configuration: Configuration, zipcontent_host: str | None) -> Nginx:
    return Nginx(
        run=configuration.run,
        static=Path(configuration.settings.static),
        content=configuration.content,
        listen=listen(configuration.settings),
        zipcontent_host=zipcontent_host,
        zipcontent_only=mode == ZIPCONTENT,
        behind_proxy=configuration.plugin.https_proxy,
        workers=configuration.sizes.nginx_workers,
        connections=configuration.sizes.nginx_connections,
        shutdown_seconds=_shutdown_seconds(configuration),
    )


def _write_part(folder: Path, part: Part) -> None:
    for path in (SERVICES / part.scripts).iterdir():
        _link(path, folder / path.name)
    for name in ("begin", "finish", "after_app", "without_secrets"):
        _link(SERVICES / name, folder / name)
    (folder / "timeout-kill").write_text(f"{part.stop_seconds * 1000:.0f}\n")


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _require_plain(folder: Path, what: str) -> None:
    """:raises SettingsError: when the name means something else to nginx or to a shell."""
    if re.fullmatch(r"/[\w./@:+-]*", str(folder)):
        return
    raise SettingsError(
        "A folder's name can't be used in the container.",
        expected="an absolute path of letters, digits and . _ - + : @",
        found=f"{what} is {str(folder)!r}",
        remedy="az webapp config appsettings set -g GROUP -n APP --settings "
        "KOLIBRI_AZURE_CONTENT_MOUNT=/data/content KOLIBRI_CONTAINER_RUN=/tmp/kolibri",
        code="container-path",
    )


def _make_private(run: Path) -> None:
    """:raises SettingsError: when the folder can't be made, or others may write to it."""
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = run.stat()
    except OSError as error:
        raise _unusable(run, str(error.strerror)) from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(run, "another user may write there")


def _unusable(run: Path, found: str) -> SettingsError:
    return SettingsError(
        "The container has no folder for what it writes while it runs.",
        expected=f"{run} on a file system where user {os.geteuid()} may write, such as a tmpfs",
        found=found,
        remedy="docker run --read-only --tmpfs /tmp …, or set KOLIBRI_CONTAINER_RUN",
        code="container-run",
    )
