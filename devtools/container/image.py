"""Builds the image, on any engine and without a registry."""

from __future__ import annotations

import configparser
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from devtools.container.base_image import base_image
from devtools.container.engine import Engine, names_and_values
from devtools.container.storage import engine_folder
from kolibri_azure_plugin import __version__

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "docker" / "Dockerfile"
NAME = "localhost/kolibri-azure:latest"
BUILD_SECONDS = 900

#: The path of this machine's certificate authorities in the build; mounted, never copied.
AUTHORITIES = "/run/build/ca.crt"


class BuildFailedError(Exception):
    """The build failed. The text ends with its output."""


def build_image(
    engine: Engine,
    *,
    name: str = NAME,
    arguments: Mapping[str, str] | None = None,
    dockerfile: Path = DOCKERFILE,
    context: Path = REPOSITORY,
) -> str:
    """Build `dockerfile` from `context`; return the image's name. Layers are cached.

    `arguments` are build arguments. Raises BuildFailedError, and MissingBaseError if there is no
    base.
    """
    given = {
        "PYTHON_IMAGE": base_image(engine),
        "VERSION": __version__,
        "REVISION": revision(),
        **(arguments or {}),
    }
    command = engine.command(
        *("build", "--file", str(dockerfile), "--tag", name),
        *names_and_values("--build-arg", given),
        *(_podman_options() if engine.is_podman else ()),
        context,
    )
    done = subprocess.run(
        command,
        env=dict(engine.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BuildFailedError(f"{dockerfile} can't be built:\n{done.stdout[-6000:]}")
    return name


def revision() -> str:
    """The commit of the checkout, or `unknown` outside a checkout."""
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _podman_options() -> Iterator[str]:
    """Docker's format supports HEALTHCHECK; the mounts make pip work in this machine's network."""
    yield from ("--layers", "--format=docker", "--network=host", "--pull=never")
    authorities = os.environ.get("PIP_CERT") or ssl.get_default_verify_paths().cafile
    if authorities and os.path.isfile(authorities):
        settings = _pip_settings(engine_folder() / "pip.conf")
        yield from ("--volume", f"{Path(authorities).resolve()}:{AUTHORITIES}:ro")
        yield from ("--volume", f"{settings}:/etc/pip.conf:ro")


def _pip_settings(path: Path) -> Path:
    """Write this machine's index settings for the pip in the build."""
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {"cert": AUTHORITIES, **_index_of_this_machine()}
    with path.open("w") as file:
        settings.write(file)
    return path


def _index_of_this_machine() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or done.stdout.strip()
    return {"index-url": index} if index else {}
