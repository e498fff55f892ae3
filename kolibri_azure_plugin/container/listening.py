"""The public address and port."""

from __future__ import annotations

import ipaddress

from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import delete_app_settings

MAX_PORT = 65535
IPV6 = 6


def listen(settings: ImageSettings) -> str:
    """The address for nginx's configuration: a port, or address and port.

    :raises SettingsError: when the address or port is invalid.
    """
    if settings.port > MAX_PORT:
        raise _impossible(f"port {settings.port}")
    if not settings.listen_address:
        return str(settings.port)
    try:
        address = ipaddress.ip_address(settings.listen_address.strip("[]"))
    except ValueError as error:
        raise _impossible(str(error)) from None
    host = f"[{address}]" if address.version == IPV6 else str(address)
    return f"{host}:{settings.port}"


def _impossible(found: str) -> SettingsError:
    return SettingsError(
        "The container can't listen on the configured address.",
        expected=f"PORT from 1 to {MAX_PORT}, and KOLIBRI_LISTEN_ADDRESS empty or an IP address "
        "of this machine",
        found=found,
        remedy=delete_app_settings("PORT", "KOLIBRI_LISTEN_ADDRESS"),
        code="container-address",
    )
