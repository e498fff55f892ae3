"""One round: make content on the share available, import what the setting names, follow imports.

The rounds are a regular job of the workers, so one instance at a time has them. After a kill, the
next round goes on from the records.
"""

from __future__ import annotations

import logging

from kolibri.utils import conf
from kolibri.utils.system import get_free_space

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content.first_content import imports, problems
from kolibri_azure_plugin.content.first_content.content_server import Listed, look_up
from kolibri_azure_plugin.content.first_content.on_share import make_available
from kolibri_azure_plugin.content.first_content.records import IMPORTING, THERE, Channel, Records
from kolibri_azure_plugin.content.first_content.wanted import Wanted, read_wanted
from kolibri_azure_plugin.database.state import State, open_state
from kolibri_azure_plugin.errors import ChannelError

logger = logging.getLogger(__name__)

#: What this process has logged already, so that no round repeats it.
_said: set[str] = set()

#: Whether this process has made a round. The first one begins failed imports again at once.
_begun = False


def go_on() -> None:
    """Make one round."""
    global _begun
    first, _begun = not _begun, True
    wanted, unreadable = read_wanted(context.current().settings.channels)
    for word in unreadable:
        _say(problems.unreadable(word))
    with open_state() as state:
        records = Records.read(state)
        make_available(records, state)
        _follow(records, state, retry=first)
        _begin(wanted, records, state)


def _follow(records: Records, state: State, *, retry: bool) -> None:
    for channel_id, channel in records.channels.items():
        if channel.state == IMPORTING:
            error = imports.follow(channel_id, channel, retry=retry)
            if error is not None:
                _say(error)
    records.write(state)


def _begin(wanted: list[Wanted], records: Records, state: State) -> None:
    """Begin what is new. A channel that was named before stays as it is, even if it is gone."""
    keys = {one.key for one in wanted}
    records.problems = {key: each for key, each in records.problems.items() if key in keys}
    for one in wanted:
        if one.key not in records.named:
            try:
                listed = look_up(one)
                _add(one, listed, records, state)
            except ChannelError as error:
                records.problems[one.key] = problems.as_record(error)
                _say(error)
                if error.transient:
                    # Each of the others would wait for the same server.
                    break
            else:
                records.named[one.key] = [each.id for each in listed]
                records.problems.pop(one.key, None)
            records.write(state)
    records.write(state)


def _add(one: Wanted, listed: list[Listed], records: Records, state: State) -> None:
    new = [each for each in listed if each.id not in records.channels]
    _require_room(one, new, records)
    for each in new:
        # The token of a collection chooses no version.
        token = one.name if one.is_token and len(listed) == 1 else ""
        channel = Channel(each.name, token, each.size, IMPORTING)
        if imports.is_in_library(each.id) and each.id not in (records.found or ()):
            # Someone has imported it, and chosen which of its resources.
            channel.state = THERE
        else:
            imports.begin(each.id, channel)
        records.channels[each.id] = channel
        records.write(state)


def _require_room(one: Wanted, new: list[Listed], records: Records) -> None:
    """Kolibri looks at each import alone, and only once it has fetched the channel's database.

    :raises ChannelError: if the share has no room.
    """
    missing = [
        each
        for each in new
        if each.id not in (records.found or ()) and not imports.is_in_library(each.id)
    ]
    needed = sum(each.size for each in missing)
    free = get_free_space(conf.OPTIONS["Paths"]["CONTENT_DIR"]) - sum(
        imports.bytes_left(channel_id, channel)
        for channel_id, channel in records.channels.items()
        if channel.state == IMPORTING
    )
    if missing and free <= needed:
        raise problems.no_room(one.name, needed, free)


def _say(error: ChannelError) -> None:
    if error.failed not in _said:
        _said.add(error.failed)
        logger.warning("%s", error.instructions())
