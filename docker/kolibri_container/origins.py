"""The second host name of the container, on which interactive content is served."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from kolibri_azure_plugin import origins
from kolibri_azure_plugin.settings import Settings

logger = logging.getLogger(__name__)


def zip_content_host(
    settings: Settings, environ: Mapping[str, str], options: Mapping[str, Mapping[str, object]]
) -> str | None:
    """The host name in the Host header of requests for interactive content; None without one.

    :param options: Kolibri's options.ini as it stands in the file.
    :raises SettingsError: when it is Kolibri's own, or no host name.
    """
    given = origins.given_origin(environ, options)
    if given.isdecimal():
        raise origins.malformed(given, "a port, but the container has one for everything")
    origin = origins.require_own_origin(settings, environ, options)
    if origin is None:
        logger.warning(
            "HTML5, H5P and Bloom resources do not open: they need a host name of their own, and "
            "%s is not set. See docs/container.md#two-host-names.",
            origins.VARIABLE,
        )
        return None
    return origin.host
