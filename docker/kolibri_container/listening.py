"""The address and port that are open to visitors."""

from __future__ import annotations

import ipaddress

from kolibri_azure_plugin.errors import SettingsError
from kolibri_container.settings import ImageSettings

MOST_PORT = 65535
IPV6 = 6


def listen(settings: ImageSettings) -> str:
    """Where nginx listens, as its configuration names it: a port, or address and port.

    :raises SettingsError: when there can be no such address or port.
    """
    if settings.port > MOST_PORT:
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
        "The container can't listen where it is told to.",
        expected=f"PORT from 1 to {MOST_PORT}, and KOLIBRI_LISTEN_ADDRESS empty or an IP address "
        "of this machine",
        found=found,
        remedy="az webapp config appsettings delete -g GROUP -n APP --setting-names PORT "
        "KOLIBRI_LISTEN_ADDRESS",
        code="container-address",
    )
