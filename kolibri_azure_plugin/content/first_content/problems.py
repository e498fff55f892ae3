"""What can be wrong with a channel that the setting names, and what to do about it."""

from __future__ import annotations

from kolibri_azure_plugin.content.first_content.records import Problem
from kolibri_azure_plugin.content.share import GROW_SHARE
from kolibri_azure_plugin.errors import ChannelError
from kolibri_azure_plugin.errors.remedies import set_app_settings

VARIABLE = "KOLIBRI_AZURE_CHANNELS"

#: Kolibri's error when an import would fill the share (0.19.5, core/content/errors.py).
NO_ROOM = "InsufficientStorageSpaceError"

TRIED_AGAIN = (
    "The import is tried again every hour. To try at once, choose Retry in Kolibri, at Device, "
    "Tasks."
)


def unreadable(word: str) -> ChannelError:
    """A word of the setting is neither a token nor an id."""
    return ChannelError(
        f"{word!r} names no channel.",
        expected=f"in {VARIABLE}, tokens such as abcde-fghij, or ids of 32 hexadecimal digits",
        found=word,
        remedy=set_app_settings(f"{VARIABLE}=TOKENS"),
        code="channel-word",
    )


def unknown(name: str, source: str) -> ChannelError:
    """The content server knows no such channel."""
    return ChannelError(
        f"Channel {name} can't be imported: {source} does not know it.",
        expected="a token or an id of a channel that is published there",
        found="status 404, not found",
        remedy="Correct the token, or remove it from the setting:\n"
        + set_app_settings(f"{VARIABLE}=TOKENS"),
        code="channel-unknown",
    )


def unreachable(name: str, source: str, reason: str) -> ChannelError:
    """The content server gives no answer that helps."""
    return ChannelError(
        f"Channel {name} can't be imported yet: {source} does not answer.",
        expected="an answer from Kolibri's content server",
        found=reason,
        remedy=f"It is tried again every ten minutes. If it stays so, let the app reach {source}: "
        "check firewalls and routes of its network.",
        code="channel-source",
        transient=True,
    )


def no_room(name: str, size: int, free: int) -> ChannelError:
    """The share is too small."""
    return ChannelError(
        f"Channel {name} is not imported: the share has no room for it.",
        expected=f"more than {_megabytes(size)} free on the content share",
        found=f"{_megabytes(free)} free, less what other imports still need",
        remedy=f"Enlarge the share; the import then begins within ten minutes:\n{GROW_SHARE}",
        code="channel-room",
    )


def failed(name: str, exception: str, traceback: str) -> ChannelError:
    """Kolibri's task failed.

    :param exception: the name of the error's class.
    :param traceback: the error, as the task has it.
    """
    lines = [line for line in traceback.splitlines() if line.strip()]
    room = exception == NO_ROOM
    return ChannelError(
        f"The import of channel {name} failed.",
        expected="a task that ends as completed",
        found=lines[-1].strip() if lines else exception,
        remedy=f"Enlarge the share: {GROW_SHARE}\n{TRIED_AGAIN}" if room else TRIED_AGAIN,
        code="channel-import",
    )


def empty(name: str) -> ChannelError:
    """Kolibri's task has completed, although there was no file."""
    return ChannelError(
        f"The import of channel {name} fetched no files.",
        expected="at least one resource with all its files",
        found="Kolibri's task has completed, and the content server has none of the files",
        remedy="The import is tried again every hour. If it fails again, look in Kolibri Studio "
        "whether the channel's resources can be shown, or remove the channel from the setting:\n"
        + set_app_settings(f"{VARIABLE}=TOKENS"),
        code="channel-empty",
    )


def as_record(error: ChannelError) -> Problem:
    """The error in a form that JSON can encode."""
    return {
        "failed": error.failed,
        "expected": error.expected,
        "found": error.found,
        "remedy": error.remedy,
        "code": error.code,
    }


def from_record(record: Problem) -> ChannelError:
    """The error that :func:`as_record` has encoded."""
    return ChannelError(
        record["failed"],
        expected=record["expected"],
        found=record["found"],
        remedy=record["remedy"],
        code=record["code"],
    )


def _megabytes(size: int) -> str:
    return f"{max(0, size) / 1e6:,.0f} MB"
