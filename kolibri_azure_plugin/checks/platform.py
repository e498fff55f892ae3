"""What Kolibri runs on."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path

from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin import image_record
from kolibri_azure_plugin.checks.model import (
    EVERY_ROLE,
    Outcome,
    Registry,
    Scope,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.cloud.network import on_app_service

CHECKS = Registry("platform")

#: Memory limit and use of this container, for cgroup v2 and v1.
CGROUP_MEMORY = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)

#: Seconds that App Service waits for a container, unless told, and the most it can be told.
#: https://learn.microsoft.com/azure/app-service/reference-app-settings#custom-containers
START_TIME_LIMIT, LONGEST_START_TIME_LIMIT = 230, 1800

#: What Kolibri needs to serve a class, in bytes.
LEAST_MEMORY = 2**30

#: Free bytes in KOLIBRI_HOME below which logs and caches can't be written much longer.
LEAST_DISK = 256 * 2**20

#: Days after which an image lacks too many of the fixes that Debian has published since.
OLD_IMAGE = 60

#: What gives App Service a newer image: the template that it was deployed with.
DEPLOY_ANEW = (
    "Write another word into rebuild of kolibri.parameters.json, such as {month}; where the "
    "template does not build the image, name a newer one in image. Then deploy again:\n"
    "az deployment group create -g GROUP -n kolibri -f arm/prod_deployment_template.json "
    "-p @kolibri.parameters.json"
)

#: What gives everybody else one.
BUILD_ANEW = (
    "Build the image anew, and start it in the place of this one:\n"
    "docker build --pull --no-cache -f docker/Dockerfile -t kolibri-azure ."
)


@CHECKS.check(
    "app_service",
    "App Service runs this container, and waits for its start.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    advisory=True,
    roles=EVERY_ROLE,
)
def app_service(subject: Subject) -> Outcome:
    if not on_app_service():
        return skipped("this is not App Service")
    names = ("WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "WEBSITE_SKU", "REGION_NAME")
    found = {name: os.environ[name] for name in names if name in os.environ}
    patience = int(os.environ.get("WEBSITES_CONTAINER_START_TIME_LIMIT") or START_TIME_LIMIT)
    waits = subject.context.settings.startup_timeout
    if waits >= patience:
        return warned(
            f"App Service gives up on a start after {patience} s, Kolibri after {waits} s.",
            cause="the container is ended before it can say what it waits for",
            remedy="az webapp config appsettings set -g GROUP -n APP --settings "
            f"WEBSITES_CONTAINER_START_TIME_LIMIT={min(waits + 110, LONGEST_START_TIME_LIMIT)}",
            **found,
        )
    return passed(f"App {os.environ['WEBSITE_SITE_NAME']}.", **found)


@CHECKS.check(
    "memory",
    "The container has memory enough.",
    scope=Scope.INSTANCE,
    advisory=True,
    roles=EVERY_ROLE,
)
def memory(_subject: Subject) -> Outcome:
    limit, used = _memory()
    message = f"{limit / 2**30:.1f} GiB of memory, {used / 2**30:.1f} GiB in use."
    if limit < LEAST_MEMORY:
        return warned(
            message,
            cause="with less, the platform ends Kolibri or its workers in the middle of their work",
            remedy="az appservice plan update -g GROUP -n PLAN --sku SKU",
            limit_bytes=limit,
            used_bytes=used,
        )
    return passed(message, limit_bytes=limit, used_bytes=used)


@CHECKS.check(
    "disk", "KOLIBRI_HOME has room.", scope=Scope.INSTANCE, advisory=True, roles=EVERY_ROLE
)
def disk(_subject: Subject) -> Outcome:
    free = shutil.disk_usage(KOLIBRI_HOME).free
    message = f"{free / 2**30:.1f} GiB free in {KOLIBRI_HOME}."
    if free < LEAST_DISK:
        return warned(
            message,
            cause="uploads, exports and caches of this instance go there",
            remedy=f"du -sh {KOLIBRI_HOME}/* shows what is large; a restart empties it:\n"
            "az webapp restart -g GROUP -n APP",
            free_bytes=free,
        )
    return passed(message, free_bytes=free)


@CHECKS.check(
    "time_zone", "The time zone is known.", scope=Scope.INSTANCE, advisory=True, roles=EVERY_ROLE
)
def time_zone(_subject: Subject) -> Outcome:
    zone = os.environ.get("TZ", "")
    if not zone:
        return passed(f"{time.tzname[0]}.", time_zone=time.tzname[0])
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return warned(
            f"There is no time zone {zone}.",
            cause="TZ names it, and Kolibri's times are those of UTC instead",
            remedy="az webapp config appsettings set -g GROUP -n APP --settings "
            "TZ=Africa/Nairobi\nor another name of "
            "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones",
            time_zone=zone,
        )
    return passed(f"{zone}.", time_zone=zone)


@CHECKS.check(
    "image_age",
    "The image has been built lately.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    advisory=True,
    roles=EVERY_ROLE,
)
def image_age(subject: Subject) -> Outcome:
    file = os.environ.get(image_record.VARIABLE)
    if not file:
        return skipped("this is not the project's image")
    now = datetime.now(timezone.utc)
    remedy = _newer_image(subject, now)
    try:
        record = image_record.read(Path(file))
    except (OSError, ValueError) as error:
        return warned(
            "The image does not tell its age.",
            cause=f"{file} is not what the image's build writes: {error}",
            remedy=remedy,
        )
    days = record.days_since_update(now)
    message = f"Built as {record.version}, with Debian's packages of {days} days ago."
    found = {**dataclasses.asdict(record), "age_days": days}
    if days > OLD_IMAGE:
        return warned(
            message,
            cause="what has been mended since then in what Kolibri runs on, nginx and Python among "
            "others, is not in this image",
            remedy=remedy,
            **found,
        )
    return passed(message, **found)


def _newer_image(subject: Subject, now: datetime) -> str:
    if not on_app_service():
        return BUILD_ANEW
    remedy = DEPLOY_ANEW.format(month=f"{now:%Y-%m}")
    return remedy.replace("prod_", "test_") if subject.context.settings.is_test else remedy


@CHECKS.check(
    "instances",
    "As many instances are connected as are configured.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in",),
    advisory=True,
)
def instances(subject: Subject) -> Outcome:
    configured = subject.context.settings.instances
    seen = int(
        subject.value(
            "SELECT count(DISTINCT client_addr) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'kolibri%%'"
        )
    )
    if seen > configured:
        return warned(
            f"{seen} instances are connected, but {configured} are configured.",
            cause="what follows from the number of instances, such as shared media, is not checked",
            remedy="az webapp config appsettings set -g GROUP -n APP --settings "
            f"KOLIBRI_AZURE_INSTANCES={seen}",
            seen=seen,
            configured=configured,
        )
    return passed(f"{seen} of {configured}.", seen=seen, configured=configured)


def _memory() -> tuple[int, int]:
    """Limit and use in bytes: the container's where it has a limit, else the machine's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit_file, usage_file in CGROUP_MEMORY:
        if Path(limit_file).exists():
            limit = Path(limit_file).read_text().strip()
            used = int(Path(usage_file).read_text())
            return (min(int(limit), total) if limit.isdecimal() else total), used
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return total, total - free
