"""The templates' second web app, which serves interactive content and has no accounts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from devtools.deployment import INHERITED, Deployment
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.share import type_of
from tests.arm.app_settings import PLATFORM, REQUIRED_FOR_CONTENT

#: Its host name.
CONTENT = "content.example.org"


def content_app(folder: Path, channel: Path) -> Deployment:
    """The settings that the templates give to the second web app."""
    deployment = Deployment(folder / "home", folder / "share", folder / "mount")
    shutil.copytree(channel, deployment.share)
    deployment.mount_point.mkdir()
    settings = {
        "KOLIBRI_AZURE_ALLOWED_HOSTS": CONTENT,
        "KOLIBRI_AZURE_CONTENT_MOUNT": str(deployment.mount_point),
        "KOLIBRI_AZURE_DEPLOYMENT": "production",
        "KOLIBRI_ZIP_CONTENT_ORIGIN": f"https://{CONTENT}",
    }
    assert set(settings) == REQUIRED_FOR_CONTENT - PLATFORM
    deployment.environment = {
        **LOOPBACK_ONLY,
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        **settings,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        # From the image and its entrypoint.
        "KOLIBRI_HOME": str(deployment.home),
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_AZURE_ROLE": "zipcontent",
        # For this machine, where a share is a folder.
        "KOLIBRI_AZURE_MOUNT_TYPES": f"{type_of(folder)},fuse",
    }
    return deployment


def databases(app: Deployment) -> list[Path]:
    """Every database file of the app."""
    files = [path for path in app.home.rglob("*") if path.is_file()]
    return [path for path in files if path.read_bytes().startswith(b"SQLite format")]
