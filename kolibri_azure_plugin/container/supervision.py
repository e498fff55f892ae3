"""Sets up s6's supervision: a folder for each part, with links to the scripts in docker/services.

The folders are in RUN. The scripts are not, because RUN may be mounted noexec.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from kolibri_azure_plugin.configuration.secrets import sensitive_variables
from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.container import files, origins
from kolibri_azure_plugin.container.configuration import Configuration
from kolibri_azure_plugin.container.listening import listen
from kolibri_azure_plugin.container.nginx import Nginx
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import set_app_settings
from kolibri_azure_plugin.instances import child_processes

#: The modes. The last two are also parts.
WEB, WORKER, ZIPCONTENT = "web", "worker", "zipcontent"

NGINX = "nginx"

#: Another nginx, which reads the content share.
CONTENT = "content"

#: Keeps the site answering while the content share hangs.
CONTENT_WATCH = "content_watch"

#: Examines the instance, and in turn with other instances the deployment, unless a setting turns
#: that off. Records what happens, if there is a database to store it in.
DOCTOR = "doctor"

#: A part of every mode if a setting turns it on.
SHELL = "shell"

#: The folder in RUN with the names of secrets' variables. ``s6-envdir`` removes them from the
#: environment of parts that need no secrets: those that visitors reach first, and those that only
#: read the share.
HIDDEN = "hidden"

#: The parts of each mode. docs/container.md explains them.
PARTS = {
    WEB: (NGINX, CONTENT, "app", ZIPCONTENT, WORKER, CONTENT_WATCH, DOCTOR),
    WORKER: (WORKER, DOCTOR),
    ZIPCONTENT: (NGINX, CONTENT, ZIPCONTENT, CONTENT_WATCH, DOCTOR),
}

#: Seconds that a part has to end before it is killed. By the time gunicorn ends, no visitor waits
#: for a response. Workers have as long as without the image, and end at the same time as nginx.
STOP_SECONDS = 1.5

#: Seconds of the platform's limit that nginx must leave to the others.
LEFT_FOR_OTHERS = 3


@dataclasses.dataclass(frozen=True)
class Part:
    """A process that s6 starts, and restarts when it ends.

    :param scripts: its folder in docker/services.
    :param stop_seconds: time to end before it is killed.
    """

    name: str
    scripts: str
    stop_seconds: float


def prepare(mode: str, configuration: Configuration) -> list[str]:
    """Write all files that the parts of a mode read.

    :returns: the command of the supervisor.
    :raises SettingsError: when the deployment can't start with its settings.
    """
    deployment = configuration.deployment
    zipcontent_host = origins.zip_content_host(deployment) if mode == WEB else None
    run = configuration.run
    _require_plain(run, "KOLIBRI_CONTAINER_RUN")
    _require_plain(configuration.content, "the content folder")
    _create_private_dir(run)
    if NGINX in PARTS[mode]:
        _nginx(mode, configuration, zipcontent_host).write()
    _hide(run / HIDDEN, sensitive_variables(deployment.settings))
    folder = run / "services"
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts(mode, configuration, has_zipcontent=zipcontent_host is not None):
        _write_part(folder / part.name, part)
    # s6-svscan runs these on the signals, and when it ends.
    for signal in ("SIGTERM", "SIGINT"):
        _link(_services() / "stop", folder / ".s6-svscan" / signal)
    _link(_services() / "end", folder / ".s6-svscan" / "finish")
    return ["s6-svscan", str(folder)]


def parts(mode: str, configuration: Configuration, *, has_zipcontent: bool) -> list[Part]:
    """The parts of a mode.

    :param has_zipcontent: False if interactive content does not have its own host name.
    """
    deployment = configuration.deployment
    names = list(PARTS[mode])
    if mode == WEB and not has_zipcontent:
        names.remove(ZIPCONTENT)
    if mode == WEB and not deployment.settings.workers:
        names.remove(WORKER)
    if not (deployment.settings.check_interval or _records(mode, configuration)):
        names.remove(DOCTOR)
    if configuration.settings.ssh:
        names.append(SHELL)
    scripts = {WORKER: WORKER if deployment.wants_postgresql else "worker_on_sqlite"}
    stop_seconds = {
        NGINX: _shutdown_seconds(configuration),
        CONTENT: STOP_SECONDS,
        WORKER: min(child_processes.STOP_SECONDS, configuration.settings.stop_limit - 1),
        # Needs time to tell its users that the container stops.
        SHELL: LEFT_FOR_OTHERS,
    }
    return [
        Part(name, scripts.get(name, name), stop_seconds.get(name, STOP_SECONDS)) for name in names
    ]


def _records(mode: str, configuration: Configuration) -> bool:
    return mode != ZIPCONTENT and configuration.deployment.wants_postgresql


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
        behind_proxy=configuration.deployment.settings.https_proxy,
        workers=configuration.sizes.nginx_workers,
        connections=configuration.sizes.nginx_connections,
        password_checks=configuration.sizes.password_checks,
        shutdown_seconds=_shutdown_seconds(configuration),
        counts_requests=_records(mode, configuration),
    )


def _write_part(folder: Path, part: Part) -> None:
    for path in (_services() / part.scripts).iterdir():
        _link(path, folder / path.name)
    for name in ("begin", "finish", "after_app"):
        _link(_services() / name, folder / name)
    (folder / "timeout-kill").write_text(f"{part.stop_seconds * 1000:.0f}\n")


def _hide(folder: Path, variables: Iterable[str]) -> None:
    """Write an empty file for each variable, which makes ``s6-envdir`` remove the variable."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for variable in variables:
        (folder / variable).touch()


def _services() -> Path:
    return files.folder() / "services"


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _require_plain(folder: Path, what: str) -> None:
    """:raises SettingsError: when nginx or a shell would misread the name."""
    if re.fullmatch(r"/[\w./@:+-]*", str(folder)):
        return
    raise SettingsError(
        "A folder's name can't be used in the container.",
        expected="an absolute path of letters, digits and . _ - + : @",
        found=f"{what} is {str(folder)!r}",
        remedy=set_app_settings(
            f"KOLIBRI_AZURE_CONTENT_MOUNT={Settings().content_mount}",
            f"KOLIBRI_CONTAINER_RUN={ImageSettings().run}",
        ),
        code="container-path",
    )


def _create_private_dir(run: Path) -> None:
    """:raises SettingsError: when the folder can't be created, or other users may write to it."""
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = run.stat()
    except OSError as error:
        raise _unusable(run, str(error.strerror)) from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(run, "another user may write there")


def _unusable(run: Path, found: str) -> SettingsError:
    return SettingsError(
        "The container has no folder for its run-time files.",
        expected=f"{run} on a file system where user {os.geteuid()} may write, such as a tmpfs",
        found=found,
        remedy="docker run --read-only --tmpfs /tmp …, or set KOLIBRI_CONTAINER_RUN",
        code="container-run",
    )
