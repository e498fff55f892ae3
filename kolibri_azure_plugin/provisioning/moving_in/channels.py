"""The channels of the home's content folder, imported by Kolibri's own import from disk."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.errors.wording import counted, first_of
from kolibri_azure_plugin.provisioning.moving_in import room
from kolibri_azure_plugin.provisioning.moving_in.files_of_home import CHANNEL_DATABASE
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy
from kolibri_azure_plugin.provisioning.moving_in.progress import ProgressFile
from kolibri_azure_plugin.provisioning.moving_in.source import Content
from kolibri_azure_plugin.provisioning.moving_in.source_errors import gone

logger = logging.getLogger(__name__)

#: Missing files of a channel that a message names.
NAMED = 5

NAMES = "SELECT name, version FROM content_channelmetadata WHERE id = ?"

#: The resources that the school had; topics have no files.
AVAILABLE = """
    SELECT id, available FROM content_contentnode WHERE channel_id = ? AND kind != 'topic'
"""

#: The files of those resources, in the home's own database.
FILES = """
    SELECT DISTINCT local.id, local.extension, local.file_size FROM content_localfile AS local
    JOIN content_file ON content_file.local_file_id = local.id
    JOIN content_contentnode AS node ON node.id = content_file.contentnode_id
    WHERE node.channel_id = ? AND local.available
"""


@dataclasses.dataclass(frozen=True)
class ChannelInHome:
    """A channel of which the home has resources.

    :param nodes: the ids of the resources that it has; None if it has all.
    :param files: the names of their files.
    """

    id: str
    name: str
    nodes: list[str] | None
    files: frozenset[str]
    size: int

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


def channels_in(copy: HomeCopy, content: Content) -> list[ChannelInHome]:
    """The channels of the home's database whose own databases are in its content folder."""
    try:
        names = sorted(os.listdir(content.databases()))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise gone(copy.path, error) from error
    ids = [name.partition(".")[0] for name in names if CHANNEL_DATABASE.fullmatch(name)]
    with copy.open() as database:
        found = [_channel(database, each) for each in ids]
    return [channel for channel in found if channel is not None]


def _channel(database: sqlite3.Connection, channel: str) -> ChannelInHome | None:
    known = database.execute(NAMES, (channel,)).fetchone()
    if known is None:
        return None
    nodes = database.execute(AVAILABLE, (channel,)).fetchall()
    available = [node for node, is_available in nodes if is_available]
    if not available:
        return None
    files = database.execute(FILES, (channel,)).fetchall()
    return ChannelInHome(
        channel,
        known[0],
        None if len(available) == len(nodes) else available,
        frozenset(f"{checksum}.{extension}" for checksum, extension, _ in files),
        sum(size or 0 for _, _, size in files),
    )


def require_room_for_largest(
    content: Content, found: list[ChannelInHome], scratch: str, reserved: int
) -> None:
    """Make sure that each channel will fit, if it has to be unpacked.

    :param reserved: the bytes that the copy of the home still needs.
    :raises MovingInError: when the largest does not fit.
    """
    sizes = [content.room_for(set(channel.files)) for channel in found]
    wanted = max(sizes, default=0)
    if wanted:
        _require_room(found[sizes.index(wanted)], scratch, wanted + reserved)


def _require_room(channel: ChannelInHome, scratch: str, wanted: int) -> None:
    remedy = room.UNPACK if wanted else room.MAKE_ROOM
    room.require(scratch, wanted, f"channel {channel}", remedy)


@contextlib.contextmanager
def unpacked(content: Content, channel: ChannelInHome, scratch: str) -> Iterator[str]:
    """The folder from which Kolibri can import a channel while the block runs.

    :raises MovingInError: when there is no room for files that can't be read in place.
    """
    names = set(channel.files)
    _require_room(channel, scratch, content.room_for(names))
    with content.with_files(names) as folder:
        yield folder


def import_channel(
    content: Content, channel: ChannelInHome, scratch: str, progress: ProgressFile
) -> None:
    """Import what the home has of a channel and is not here yet.

    :param scratch: the folder for what can't be read in place.
    :raises MovingInError: when Kolibri can't import it, or the home lacks files of it. Files that
        were imported stay, and are not imported again the next time.
    """
    from kolibri.core.content.utils.resource_import import DiskChannelResourceImportManager

    class FollowedImport(DiskChannelResourceImportManager):
        """Kolibri's import, which tells the progress file how far it is."""

        def start_progress(self, total: int = 100) -> Any:
            progress.set(0, total)
            return self

        def update_progress(self, increment: int = 1, *_: Any, **__: Any) -> None:
            progress.advance(increment)

    with _explained(channel, content), unpacked(content, channel, scratch) as folder:
        if _needs_database(channel, content):
            from django.core.management import call_command

            call_command("importchannel", "disk", channel.id, folder)
        manager = FollowedImport(channel.id, path=folder, node_ids=channel.nodes)
        manager.run()
        _require_all_files(channel, content, manager)


def _require_all_files(channel: ChannelInHome, content: Content, manager: Any) -> None:
    """Look for files that the home's database has, but its content folder has not.

    Kolibri's import skips them, and counts only how many.
    """
    imported = set(manager.file_checksums_to_annotate)
    skipped = [file for file in manager.files_to_download if file["id"] not in imported]
    missing = sorted(channel.files & {f"{file['id']}.{file['extension']}" for file in skipped})
    if not missing:
        return
    _require_readable(content)
    are = "is" if len(missing) == 1 else "are"
    raise MovingInError(
        f"Channel {channel} is not complete.",
        expected="each file that the home's database names",
        found=f"{counted(len(missing), 'file')} {are} missing in the home: "
        f"{first_of(missing, NAMED)}",
        remedy="All other files of the channel are here. Copy the home's content folder again, and"
        " run the same command: it imports what is missing. Or import the rest of the channel from"
        " Kolibri's catalogue, and use --no-content.",
        code="moving-in-channel",
    )


def _require_readable(content: Content) -> None:
    """:raises MovingInError: when the home is gone, as with a share that is no longer mounted."""
    try:
        os.listdir(content.databases())
    except OSError as error:
        raise gone(os.path.dirname(content.databases()), error) from error


def _needs_database(channel: ChannelInHome, content: Content) -> bool:
    """False if the same or a newer version of the channel is here: it has all of an older one."""
    from kolibri.core.content.models import ChannelMetadata

    here = ChannelMetadata.objects.filter(id=channel.id).first()
    if here is None:
        return True
    file = os.path.join(content.databases(), f"{channel.id}.sqlite3")
    # Read-only, and without the files that SQLite would make next to it.
    with contextlib.closing(
        sqlite3.connect(f"file:{quote(file)}?immutable=1", uri=True)
    ) as database:
        [[version]] = database.execute("SELECT version FROM content_channelmetadata")
    return bool(version > here.version)


@contextlib.contextmanager
def _explained(channel: ChannelInHome, content: Content) -> Iterator[None]:
    try:
        yield
    except MovingInError:
        raise
    except Exception as error:
        logger.warning("The import of channel %s failed.", channel, exc_info=True)
        _require_readable(content)
        raise MovingInError(
            f"Channel {channel} could not be imported.",
            expected="all of its files, and room for them on the content share",
            found=f"{type(error).__name__}: {error}",
            remedy="Facilities are not affected. Run the same command again: it continues with this"
            " channel. Or import the channel from Kolibri's catalogue, and use --no-content.",
            code="moving-in-channel",
        ) from error
