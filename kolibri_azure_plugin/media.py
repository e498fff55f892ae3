"""Uploads and exports: on a share of their own where there is one, and never in the open."""

from __future__ import annotations

import logging
import os
from typing import Any, Callable

from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.mounts import mounted_at
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.retry import Deadline, until_it_works
from kolibri_azure_plugin.settings import Settings
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

MOUNT_COMMAND = (
    "az webapp config storage-account add -g GROUP -n APP --custom-id media "
    "--storage-type AzureFiles --account-name ACCOUNT --share-name MEDIA_SHARE "
    "--access-key @FILE --mount-path {path}"
)


def media_folder(home: str) -> str:
    """Kolibri's MEDIA_ROOT.

    :param home: KOLIBRI_HOME.
    """
    return os.path.join(home, "media")


def verify_media(settings: Settings, home: str, deadline: Deadline) -> None:
    """Make sure that the media share works, where there is one; warn where one is missing.

    :raises ContentShareError: when it does not work within the deadline.
    """
    try:
        until_it_works(lambda: verify_media_once(settings, home), deadline)
    except ContentShareError as error:
        if error.code != "media-not-shared":
            raise
        logger.warning("%s Found: %s. %s", error.failed, error.found, error.documentation)


def verify_media_once(settings: Settings, home: str) -> share.VerifiedShare | None:
    """The media share; None where one instance does without.

    :raises ContentShareError: when it does not work, or several instances have none.
    """
    folder = media_folder(home)
    if mounted_at(folder) is not None:
        try:
            return share.verify(folder, settings.mount_types)
        except ContentShareError as error:
            # What this deployment knows of a share's name is the content's.
            error.remedy = error.remedy.replace(" SHARE", " MEDIA_SHARE")
            raise
    if settings.instances > 1:
        raise ContentShareError(
            "Uploads and exports fail whenever another instance handles them.",
            expected=f"with {settings.instances} instances, a share mounted at {folder}",
            found="a folder of this instance alone",
            remedy=MOUNT_COMMAND.format(path=folder),
            code="media-not-shared",
        )
    return None


def serve_no_media(construct: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``DynamicWhiteNoise.__init__``, which serves MEDIA_ROOT to anybody.

    The interface downloads through views that ask who wants it (0.19.5, plugins/facility/views.py).
    """

    @wraps(construct)
    def construct_without_media(
        self: Any, *arguments: Any, dynamic_locations: Any = None, **keywords: Any
    ) -> None:
        from django.conf import settings

        locations = [
            (url, root) for url, root in dynamic_locations or () if root != settings.MEDIA_ROOT
        ]
        construct(self, *arguments, dynamic_locations=locations, **keywords)

    return construct_without_media
