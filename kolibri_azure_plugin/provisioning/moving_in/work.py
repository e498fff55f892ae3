"""Moves a home in, from its copy to the last channel. Runs in a process of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os

from kolibri_azure_plugin.database.advisory_lock import held
from kolibri_azure_plugin.database.state import open_state
from kolibri_azure_plugin.errors import KolibriAzureError, MovingInError
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.provisioning.moving_in import (
    certificates,
    channels,
    comparison,
    first_imports,
    identity,
    importing,
    room,
    superusers,
)
from kolibri_azure_plugin.provisioning.moving_in.channels import ChannelInHome
from kolibri_azure_plugin.provisioning.moving_in.facilities import (
    FacilityInCopy,
    chosen,
    describe,
    facilities_in,
)
from kolibri_azure_plugin.provisioning.moving_in.folder import Folder
from kolibri_azure_plugin.provisioning.moving_in.home_copy import (
    HomeCopy,
    make_copy,
    require_suitable_version,
)
from kolibri_azure_plugin.provisioning.moving_in.identity import HomeState
from kolibri_azure_plugin.provisioning.moving_in.opening import open_source
from kolibri_azure_plugin.provisioning.moving_in.progress import ProgressFile
from kolibri_azure_plugin.provisioning.moving_in.source import Content, Source
from kolibri_azure_plugin.provisioning.moving_in.source_errors import SOURCE_GONE
from kolibri_azure_plugin.provisioning.moving_in.upgraded_copy import UpgradedCopy, upgraded

logger = logging.getLogger(__name__)

LOCK_NAME = "moving in"


@dataclasses.dataclass(frozen=True)
class Request:
    """What should move in.

    :param path: the home, as an absolute path.
    :param facilities: names or ids; empty for all.
    """

    path: str
    facilities: tuple[str, ...] = ()
    dry_run: bool = False
    content: bool = True
    keep_superusers: bool = False


def run(request: Request, folder: Folder, progress: ProgressFile) -> None:
    """Do all of it.

    :raises KolibriAzureError: naming the first thing that failed.
    """
    with (
        held(LOCK_NAME, _already_running),
        folder.scratch() as scratch,
        room.explained(folder.path, "the copy of the home"),
    ):
        if not request.dry_run:
            _require_setup()
        source = open_source(request.path)
        copy = _copy(source, scratch, progress)
        version = require_suitable_version(copy)
        home = HomeState.of(copy)
        with contextlib.ExitStack() as stack:
            with progress.step(f"Upgrading the copy from Kolibri {version}"):
                process = stack.enter_context(upgraded(copy, home.identity))
            facilities = chosen(facilities_in(copy), request.facilities, request.path)
            content = _content(source, copy, scratch) if request.content else None
            found = channels.channels_in(copy, content) if content else []
            for facility in facilities:
                progress.say(f"Facility {facility}: {facility.described()}.{_already(facility)}")
            if request.dry_run:
                _say_what_else(facilities, found, progress)
                return
            if content is not None:
                reserved = _size_of_copy(source) - room.used(copy.home)
                channels.require_room_for_largest(content, found, scratch, max(reserved, 0))
            _prepare(process, home, facilities, progress)
        # Another process, because the first one does not return the memory of all records.
        with upgraded(copy, home.identity) as process:
            _import_facilities(copy, process.serve(), facilities, progress)
        for facility in facilities:
            _settle_superusers(request, facility, progress)
        if content is not None:
            _import_channels(content, found, scratch, progress)
        progress.say(
            "Everything is here. Let the school's Kolibri sync with this site once before learners "
            "work here: see docs/move-in.md."
        )


def _copy(source: Source, scratch: str, progress: ProgressFile) -> HomeCopy:
    home = os.path.join(scratch, "home")
    os.mkdir(home)
    size = sum(source.sizes().values())
    room.require(scratch, _size_of_copy(source), f"a copy of {source.path}")
    with progress.step("Copying and checking the database", size, "B"):
        return make_copy(source, home, progress.advance)


def _size_of_copy(source: Source) -> int:
    """The bytes that the copy takes in the end."""
    return sum(source.sizes().values()) * room.TIMES_THE_DATABASE


def _content(source: Source, copy: HomeCopy, scratch: str) -> Content | None:
    return source.content(os.path.join(scratch, "channels"), copy.options_file)


def _already(facility: FacilityInCopy) -> str:
    if not _is_here(facility):
        return ""
    here = describe(comparison.counts_here(facility.dataset))
    return f" It is here already, with {here}: the two are merged, as a sync merges them."


def _is_here(facility: FacilityInCopy) -> bool:
    from kolibri.core.auth.models import Facility

    return bool(Facility.objects.filter(id=facility.id).exists())


def _say_what_else(
    facilities: list[FacilityInCopy], found: list[ChannelInHome], progress: ProgressFile
) -> None:
    for facility in facilities:
        _say_superusers(facility, progress)
    for channel in found:
        progress.say(f"Channel {channel}: {channel.size // room.MIB} MiB.")
    progress.say("This was a dry run: nothing was imported.")


def _require_setup() -> None:
    """Without a facility of its own, Kolibri would take the first one that comes for it."""
    from kolibri.core.device.utils import device_provisioned

    if not device_provisioned():
        raise MovingInError(
            "This deployment is not set up yet.",
            expected="a facility and an administrator of its own",
            found="neither",
            remedy="Open the site and complete its setup. Then run the same command again.",
            code="moving-in-not-set-up",
        )


def _prepare(
    process: UpgradedCopy,
    home: HomeState,
    facilities: list[FacilityInCopy],
    progress: ProgressFile,
) -> None:
    # All of them before the first import, because one may be refused.
    for facility in facilities:
        certificates.obtain(process, facility)
    with open_state() as state:
        number = identity.counter(state, home)
    with progress.step("Preparing the records"):
        process.serialize(number)


def _import_facilities(
    copy: HomeCopy, url: str, facilities: list[FacilityInCopy], progress: ProgressFile
) -> None:
    for facility in facilities:
        with open_state() as state:
            began = first_imports.begin(state, facility.dataset, is_here=_is_here(facility))
        if importing.has_unwritten(facility):
            with progress.step(f"Writing the records of facility {facility.name}"):
                importing.write_received(facility)
        with progress.step(f"Importing the records of facility {facility.name}", unit="records"):
            importing.import_facility(url, facility, progress)
        with progress.step(f"Comparing facility {facility.name}"):
            found = comparison.differences(copy, facility, began)
            if not found.beyond_home:
                with open_state() as state:
                    first_imports.end(state, facility.dataset)
            comparison.require_none(found, copy, facility)
        here = describe(comparison.counts_here(facility.dataset))
        progress.say(f"Facility {facility} is here: {here}.")


def _settle_superusers(request: Request, facility: FacilityInCopy, progress: ProgressFile) -> None:
    if request.keep_superusers:
        given = superusers.keep(facility)
        if given:
            names = ", ".join(given)
            progress.say(f"Superusers here now, as they were in facility {facility.name}: {names}.")
    else:
        _say_superusers(facility, progress)


def _say_superusers(facility: FacilityInCopy, progress: ProgressFile) -> None:
    names = ", ".join(superusers.without_right(facility))
    if names:
        progress.say(
            f"Superusers of the home, but not here: {names} of facility {facility.name}. "
            "With --keep-superusers they would be."
        )


def _import_channels(
    content: Content, found: list[ChannelInHome], scratch: str, progress: ProgressFile
) -> None:
    """Import each channel, also when another one failed, unless the home can't be read any more."""
    failures: list[MovingInError] = []
    for channel in found:
        with progress.step(f"Importing channel {channel.name}", channel.size, "B"):
            try:
                channels.import_channel(content, channel, scratch, progress)
            except MovingInError as error:
                if error.code == SOURCE_GONE:
                    raise
                failures.append(error)
                progress.say(error.summary)
    if failures:
        if len(failures) > 1:
            progress.say(f"{counted(len(failures), 'channel')} are not complete. The first:")
        raise failures[0]


def _already_running(holder: str) -> MovingInError:
    return MovingInError(
        "A home is moving in on another instance of this deployment.",
        expected="one at a time",
        found=holder,
        remedy="Wait until it has ended, and run the same command again.",
        code="moving-in-running",
    )


def instructions(error: BaseException) -> str:
    """What the administrator reads."""
    if isinstance(error, KolibriAzureError):
        return error.instructions()
    return f"Moving in failed unexpectedly: {type(error).__name__}: {error}"
