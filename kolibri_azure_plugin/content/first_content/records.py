"""What has been done about the first content, in the state table."""

from __future__ import annotations

import dataclasses
import uuid

from kolibri_azure_plugin.database.state import State

KEY = "first_channels"

#: The regular job that updates them, and the seconds between two of its rounds.
JOB_ID = "azure_first_channels"
INTERVAL = 600

#: Seconds until a failed import is tried again.
PAUSE = 3600.0

#: The states of a channel. It is left out once someone has cancelled or removed its task.
IMPORTING, THERE, LEFT_OUT = "importing", "there", "left out"

_JOBS = uuid.UUID("5f0b7d0e-7d34-5a3c-9d0c-0c5b8d5f2a11")

#: What failed, what was expected, what was found, and what to do.
Problem = dict[str, str]


@dataclasses.dataclass
class Channel:
    """A channel that the setting named.

    :param token: the token that chose this channel's version; empty if it was named otherwise.
    :param size: the bytes of its files, according to the content server.
    :param failed_at: when its import was seen to have failed, in seconds since 1970; 0 if it has
        not.
    """

    name: str
    token: str
    size: int
    state: str
    failed_at: float = 0.0


@dataclasses.dataclass
class Records:
    """All records.

    :param found: ids of the channels whose databases stood on the share when the workers first
        started; None before that.
    :param available: whether these have been made available.
    :param named: for each key of the setting, the channels that it names.
    :param channels: these channels, by id.
    :param problems: what is wrong with a key of the setting.
    """

    found: list[str] | None = None
    available: bool = False
    named: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    channels: dict[str, Channel] = dataclasses.field(default_factory=dict)
    problems: dict[str, Problem] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, state: State) -> Records:
        """The records, empty before the first start."""
        stored = state.get(KEY) or {}
        channels = stored.pop("channels", {})
        return cls(**stored, channels={key: Channel(**each) for key, each in channels.items()})

    def write(self, state: State) -> None:
        """Store them all."""
        state.set(KEY, dataclasses.asdict(self))


def job_of(channel_id: str) -> str:
    """The id of the task that imports a channel. It is fixed, so there is never a second one."""
    return uuid.uuid5(_JOBS, channel_id).hex
