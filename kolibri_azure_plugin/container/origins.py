"""The second host name of the container, which serves interactive content."""

from __future__ import annotations

import logging

from kolibri_azure_plugin.configuration import origins
from kolibri_azure_plugin.configuration.deployment import Deployment

logger = logging.getLogger(__name__)


def zip_content_host(deployment: Deployment) -> str | None:
    """The host name that serves interactive content; None if there is none.

    :raises SettingsError: when it is Kolibri's own, or not a host name.
    """
    given = origins.given_origin(deployment)
    if given.isdecimal():
        raise origins.malformed(given, "it has a port, but the container has one for everything")
    origin = origins.require_own_origin(deployment)
    if origin is None:
        logger.warning(
            "HTML5, H5P and Bloom resources do not open: they need their own host name, and %s is "
            "not set. See docs/container.md#two-host-names.",
            origins.VARIABLE,
        )
        return None
    return origin.host
