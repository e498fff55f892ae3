"""Replaces Kolibri's client for other Kolibri servers by one that finds no peers.

For a URL with ``?baseurl=``, Kolibri's server for interactive content looks up a peer in the
database, and fetches the content from it. Here there is no database, and anyone can choose that
URL. The client is also the only reason why the server loads Kolibri's models, more than half of its
memory (0.19.5, core/content/zip_wsgi.py and utils/kolibri_whitenoise.py).
"""

from __future__ import annotations

import sys

#: The module that this one replaces.
REPLACED = "kolibri.core.discovery.utils.network.client"


class NetworkClient:
    """The part of Kolibri's ``NetworkClient`` that the server for interactive content uses."""

    @classmethod
    def known_location_for_address(cls, address: str) -> None:
        """Find no peer, so that Kolibri looks for the content only on the share."""


def replace_client() -> None:
    """Make later imports of Kolibri's module get this one."""
    sys.modules[REPLACED] = sys.modules[__name__]
