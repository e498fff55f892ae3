"""The second web app of the templates: it serves interactive content, and has no account at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from devtools.deployment import INHERITED, Deployment
from devtools.kolibri_process import KEPT_TO_THIS_MACHINE
from devtools.share import type_of
from tests.arm.app_settings import PLATFORM, REQUIRED_FOR_CONTENT

#: Its host name.
CONTENT = "content.example.org"


def content_app(folder: Path, channel: Path) -> Deployment:
    """What the templates give to the second web app, and nothing else."""
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
        **KEPT_TO_THIS_MACHINE,
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        **settings,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        # Of the image and of its entrypoint.
        "KOLIBRI_HOME": str(deployment.home),
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_AZURE_ROLE": "zipcontent",
        # Of this machine, where a share is a folder.
        "KOLIBRI_AZURE_MOUNT_TYPES": f"{type_of(folder)},fuse",
    }
    return deployment
