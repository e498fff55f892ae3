"""Verifies that the content share is mounted, works, and is the right one."""

from __future__ import annotations

from kolibri_azure_plugin.cloud.files import FileShare
from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.errors import ContentShareError, remedies
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline


def verify_content(context: Context, deadline: Deadline) -> None:
    """Make sure that the content share is mounted, works, and is the right one.

    :raises KolibriAzureError: when it is not within the deadline.
    """
    retry_until_deadline(lambda: verify_content_once(context), deadline)


def verify_content_once(context: Context) -> share.VerifiedShare:
    """Check the content share once: is it mounted, does it work, is it the account's?

    :raises KolibriAzureError: when a check fails.
    """
    settings = context.settings
    # First the mount table, which needs no network.
    mount = share.find_mount(settings.content_mount, settings.mount_types)
    remedies.note_mount(mount.source)
    if not settings.content_share:
        return share.VerifiedShare(mount, share.use(settings.content_mount))
    account = FileShare(settings.content_share, context.identity)
    with account.marker() as (name, text):
        measurements = share.use(settings.content_mount, name)
    if measurements.marker != text:
        raise ContentShareError(
            f"The wrong share is mounted at {settings.content_mount}.",
            expected=f"share {account.name} of account {account.account}",
            found=f"{mount.source}, without the marker that the account shows",
            remedy="Correct KOLIBRI_AZURE_CONTENT_SHARE, or mount the right share.",
            code="share-differs",
        )
    return share.VerifiedShare(mount, measurements)
