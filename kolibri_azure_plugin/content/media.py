"""The folder for uploads and exports: verifies its share, and keeps it from being served."""

from __future__ import annotations

import logging
import os
from typing import Any, Callable

from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.mounts import mounted_at
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.errors.remedies import name_other_share
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline
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
    """Make sure that the media share works, or warn when it is missing and needed.

    :raises ContentShareError: when it does not work within the deadline.
    """
    try:
        retry_until_deadline(lambda: verify_media_once(settings, home), deadline)
    except ContentShareError as error:
        if error.code != "media-not-shared":
            raise
        logger.warning("%s. %s", error.summary, error.documentation)


def verify_media_once(settings: Settings, home: str) -> share.VerifiedShare | None:
    """The media share; None when there is one instance, which can do without.

    :raises ContentShareError: when it does not work, or is missing with several instances.
    """
    folder = media_folder(home)
    mount = mounted_at(folder)
    if mount is not None:
        try:
            return share.verify(folder, settings.mount_types)
        except ContentShareError as error:
            error.remedy = name_other_share(error.remedy, "MEDIA_SHARE", mount.source)
            raise
    if settings.instances > 1:
        raise ContentShareError(
            "Uploads and exports fail whenever another instance handles them.",
            expected=f"with {settings.instances} instances, a share mounted at {folder}",
            found="a folder on this instance only",
            remedy=MOUNT_COMMAND.format(path=folder),
            code="media-not-shared",
        )
    return None


def disable_media_serving(construct: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``DynamicWhiteNoise.__init__``, which serves MEDIA_ROOT without authentication.

    Kolibri's interface downloads through views that check the user's rights (0.19.5,
    plugins/facility/views.py).
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
