"""Does the content share work, and is Kolibri's content on it?"""

from __future__ import annotations

import statistics
from pathlib import PurePosixPath

from kolibri.utils import conf
from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin.content import media, probe, share, share_server
from kolibri_azure_plugin.content.mounts import mounted_at
from kolibri_azure_plugin.content.verification import verify_content_once
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.checks.tables import has_table
from kolibri_azure_plugin.doctor.outcome import Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import DEEP_TIMEOUT, EVERY_ROLE, Registry, Scope
from kolibri_azure_plugin.errors import ContentShareError, remedies
from kolibri_azure_plugin.errors.wording import counted

CHECKS = Registry("content")

NOT_MOUNTED = "a test deployment keeps its content in a folder of the container"

#: Milliseconds for a small file above which a channel opens slowly.
SLOW_FILE = 250.0

#: Size in bytes of the file that measures the throughput, and the seconds that it may take.
THROUGHPUT_SIZE = 4 * 2**20
THROUGHPUT_SECONDS = 8.0

#: MiB/s below which videos stutter when a class watches them.
SLOW_THROUGHPUT = 5.0

#: The fraction of the share that should stay free for imports.
FREE_PART = 0.1

#: Files in a sample; with --deep, files in each batch.
SAMPLE = 50
SAMPLE_SECONDS = 8.0


@CHECKS.check(
    "mount",
    "The share is mounted where it should be.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    roles=EVERY_ROLE,
)
def mount(ctx: CheckContext) -> Outcome:
    settings = ctx.context.settings
    if settings.is_test:
        return skipped(NOT_MOUNTED)
    with share_server.explain_missing_mount(settings.content_share):
        found = share.find_mount(settings.content_mount, settings.mount_types)
    remedies.note_mount(found.source)
    return passed(
        f"{found.type} is mounted at {found.path}.",
        path=found.path,
        type=found.type,
        source=found.source,
    )


@CHECKS.check(
    "access",
    "The share can be read and written, fast.",
    scope=Scope.INSTANCE,
    requires=("content.mount",),
    roles=EVERY_ROLE,
)
def access(ctx: CheckContext) -> Outcome:
    path = ctx.context.settings.content_mount
    with share_server.diagnose_share_errors(path):
        measured = share.use(path)
    times = (measured.write_ms, measured.read_ms, measured.delete_ms)
    measurements = dict(zip(("write_ms", "read_ms", "delete_ms"), times))
    if max(times) > SLOW_FILE:
        return warned(
            f"A small file takes {max(times):.0f} ms.",
            cause="the account is throttled, far away, or of the standard tier",
            remedy="az monitor metrics list --metric SuccessE2ELatency --resource "
            "$(az storage account show -n ACCOUNT --query id -o tsv)",
            **measurements,
        )
    return passed(f"A small file takes {statistics.median(times):.1f} ms.", **measurements)


@CHECKS.check(
    "throughput",
    "The share is fast enough for videos.",
    scope=Scope.DEPLOYMENT,
    requires=("content.access",),
    timeout=10,
    advisory=True,
    roles=EVERY_ROLE,
)
def throughput(ctx: CheckContext) -> Outcome:
    path = ctx.context.settings.content_mount
    with share.share_errors(path):
        times = probe.throughput(path, THROUGHPUT_SIZE, THROUGHPUT_SECONDS)
    speeds = {
        "write_mib_s": _mib_per_second(times.write_ms),
        "read_mib_s": _mib_per_second(times.read_ms),
    }
    if min(speeds.values()) < SLOW_THROUGHPUT:
        return warned(
            f"The share transfers only {min(speeds.values())} MiB/s.",
            cause="the share's quota or tier limits it; on premium storage, "
            "throughput depends on the quota",
            remedy=share.GROW_SHARE,
            **speeds,
        )
    return passed(
        f"Reads {speeds['read_mib_s']:g} MiB/s, writes {speeds['write_mib_s']:g} MiB/s.", **speeds
    )


@CHECKS.check(
    "space",
    "The share has room.",
    scope=Scope.DEPLOYMENT,
    requires=("content.access",),
    advisory=True,
    roles=EVERY_ROLE,
)
def space(ctx: CheckContext) -> Outcome:
    measured = share.use(ctx.context.settings.content_mount)
    free, total = measured.free_bytes, measured.total_bytes
    message = f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB are free."
    if free < total * FREE_PART:
        return warned(
            message,
            cause="an import that fills the share fails half-way",
            remedy=share.GROW_SHARE,
            free_bytes=free,
            total_bytes=total,
        )
    return passed(message, free_bytes=free, total_bytes=total)


@CHECKS.check(
    "account",
    "The storage account shows the same share.",
    scope=Scope.INSTANCE,
    requires=("content.access",),
    after=("identity.endpoint",),
    timeout=15,
)
def account(ctx: CheckContext) -> Outcome:
    if not ctx.context.settings.content_share:
        return skipped("KOLIBRI_AZURE_CONTENT_SHARE is empty")
    verified = verify_content_once(ctx.context)
    return passed(
        f"The mounted share is {ctx.context.settings.content_share}.",
        source=verified.mount.source,
    )


@CHECKS.check(
    "media",
    "Uploads and exports have a share if several instances need one.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def uploads(ctx: CheckContext) -> Outcome:
    folder = media.media_folder(KOLIBRI_HOME)
    mount = mounted_at(folder)
    if mount is None:
        media.verify_media_once(ctx.context.settings, KOLIBRI_HOME)
        return skipped("a single instance keeps them in its own folder")
    return passed(f"{mount.type} is mounted at {folder}.", type=mount.type, source=mount.source)


@CHECKS.check(
    "media_access",
    "The share for uploads and exports can be read and written.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def uploads_access(ctx: CheckContext) -> Outcome:
    folder = media.media_folder(KOLIBRI_HOME)
    mount = mounted_at(folder)
    if mount is None:
        return skipped("no share is mounted for uploads and exports")
    try:
        with share_server.diagnose_share_errors(folder):
            verified = media.verify_media_once(ctx.context.settings, KOLIBRI_HOME)
    except ContentShareError as error:
        error.remedy = remedies.name_other_share(error.remedy, "MEDIA_SHARE", mount.source)
        raise
    assert verified is not None
    return passed(
        f"A small file takes {verified.measurements.write_ms} ms.",
        write_ms=verified.measurements.write_ms,
    )


@CHECKS.check(
    "databases",
    "The channels' databases are on the share.",
    scope=Scope.DEPLOYMENT,
    requires=("content.access", "kolibri.start"),
    after=("database.owner",),
    timeout=10,
)
def databases(_ctx: CheckContext) -> Outcome:
    from kolibri.core.content.models import ChannelMetadata

    keys = _all(ChannelMetadata, "id") if has_table(ChannelMetadata) else []
    wanted = sorted(f"databases/{key}.sqlite3" for key in keys)
    if not wanted:
        return skipped("no channel has been imported yet")
    path = conf.OPTIONS["Paths"]["CONTENT_DIR"]
    with share.share_errors(path):
        lost = probe.missing(path, wanted, SAMPLE_SECONDS)
    if lost:
        return warned(
            f"Channels without a database on the share: {len(lost)} of {len(wanted)}.",
            cause="such a channel can't be updated or exported",
            remedy="\n".join(
                f"kolibri manage importchannel network {_channel_id(name)}" for name in lost
            ),
            channels=len(wanted),
            missing=[_channel_id(name) for name in lost],
        )
    return passed(
        f"{counted(len(wanted), 'channel has its database', 'channels have their databases')} "
        "on the share.",
        channels=len(wanted),
    )


@CHECKS.check(
    "files",
    "The files listed in the database are on the share.",
    scope=Scope.DEPLOYMENT,
    requires=("content.access", "kolibri.start"),
    after=("database.owner",),
    timeout=25,
    deep_timeout=DEEP_TIMEOUT,
)
def files(ctx: CheckContext) -> Outcome:
    from django.db import connection
    from kolibri.core.content.models import LocalFile

    available = LocalFile.objects.filter(available=True)
    total = available.count() if has_table(LocalFile) else 0
    if not total:
        return skipped("no content has been imported yet")
    chosen = available if ctx.deep else available.order_by("?")[:SAMPLE]
    names = [f"storage/{f.id[0]}/{f.id[1]}/{f.id}.{f.extension}" for f in chosen.iterator()]
    connection.close()
    path = conf.OPTIONS["Paths"]["CONTENT_DIR"]
    lost: list[str] = []
    with share.share_errors(path):
        for begin in range(0, len(names), SAMPLE):
            lost += probe.missing(path, names[begin : begin + SAMPLE], SAMPLE_SECONDS)
    measurements = {"files": total, "looked_for": len(names), "missing": len(lost)}
    if lost:
        commands = [f"kolibri manage importcontent network {key}" for key in _channel_ids(lost)]
        return warned(
            f"{len(lost)} of {len(names)} files are missing from the share.",
            cause=f"the share was emptied, restored or changed; one missing file is {lost[0]}",
            remedy="\n".join(["kolibri manage scanforcontent", *commands]),
            **measurements,
        )
    return passed(f"{len(names)} of {total} files checked: all are on the share.", **measurements)


def _channel_ids(names: list[str]) -> list[str]:
    """The ids of the channels that the files belong to."""
    from django.db import connection
    from kolibri.core.content.models import File

    stems = [PurePosixPath(name).stem for name in names]
    found = File.objects.filter(local_file_id__in=stems)
    channels = found.values_list("contentnode__channel_id", flat=True).distinct()
    keys = sorted(str(key) for key in channels)
    connection.close()
    return keys


def _all(model: object, field: str) -> list[str]:
    from django.db import connection

    values = list(model.objects.values_list(field, flat=True))  # type: ignore[attr-defined]
    connection.close()
    return values


def _channel_id(name: str) -> str:
    return PurePosixPath(name).stem


def _mib_per_second(milliseconds: float) -> float:
    return round(THROUGHPUT_SIZE / 2**20 / (max(milliseconds, 0.1) / 1000), 1)
