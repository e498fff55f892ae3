"""Asks Kolibri's content server, which is Kolibri Studio, which channels a token or an id names."""

from __future__ import annotations

import dataclasses
from typing import Any

from kolibri.core.content.utils.paths import get_channel_lookup_url
from kolibri.core.discovery.utils.network.client import NetworkClient
from kolibri.core.discovery.utils.network.errors import (
    NetworkClientError,
    NetworkLocationResponseFailure,
)
from kolibri.utils import conf

from kolibri_azure_plugin.content.first_content import problems
from kolibri_azure_plugin.content.first_content.wanted import CHANNEL_ID, Wanted

NOT_FOUND = 404


@dataclasses.dataclass(frozen=True)
class Listed:
    """A channel as the content server lists it; `size` is the bytes of its files."""

    id: str
    name: str
    size: int


def address() -> str:
    """The content server that Kolibri's own pages import from."""
    url: str = conf.OPTIONS["Urls"]["CENTRAL_CONTENT_BASE_URL"]
    return url


def look_up(wanted: Wanted) -> list[Listed]:
    """The channels that it names: one, or several if the token is that of a collection.

    :raises ChannelError: if it names none, or the server does not answer.
    """
    source = address()
    try:
        # As Kolibri's page does for a token that someone types (core/content/api.py).
        with NetworkClient(source) as client:
            answer = client.get(get_channel_lookup_url(identifier=wanted.name))
        listed = [_listed(each) for each in answer.json()]
    except NetworkLocationResponseFailure as error:
        if error.response is not None and error.response.status_code == NOT_FOUND:
            raise problems.unknown(wanted.name, source) from error
        raise problems.unreachable(wanted.name, source, _reason(error)) from error
    except (NetworkClientError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise problems.unreachable(wanted.name, source, _reason(error)) from error
    if not listed:
        raise problems.unknown(wanted.name, source)
    return listed


def _listed(entry: dict[str, Any]) -> Listed:
    # The id becomes part of a path.
    channel_id = str(entry["id"]).replace("-", "")
    if not CHANNEL_ID.fullmatch(channel_id):
        raise ValueError(f"{channel_id!r} is not the id of a channel")
    return Listed(channel_id, str(entry["name"]), int(entry.get("published_size") or 0))


def _reason(error: Exception) -> str:
    return str(error.__cause__ or error)
