"""The image's HEALTHCHECK, with exit code 0 if the container answers."""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

from kolibri_azure_plugin.container.listening import listen
from kolibri_azure_plugin.container.settings import ImageSettings, load
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.web.health import LIVE

TIMEOUT_SECONDS = 4


def main() -> None:
    """Exit with an error if nginx should listen and does not answer."""
    try:
        settings = load(os.environ)
        url = address(settings) + LIVE
    except SettingsError as error:
        sys.exit(error.instructions())
    if not Path(settings.run, "services", "nginx").exists():
        # Mode worker does not listen, and other commands end by themselves.
        return
    # A proxy for outgoing requests must not be used here.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(url, timeout=TIMEOUT_SECONDS).close()
    except OSError as error:
        sys.exit(f"{url}: {error}")


def address(settings: ImageSettings) -> str:
    """The URL of the public port on this machine."""
    where = listen(settings)
    return f"http://{where}" if settings.listen_address else f"http://127.0.0.1:{where}"


if __name__ == "__main__":
    main()
