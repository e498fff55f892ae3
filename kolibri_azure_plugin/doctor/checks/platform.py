"""Is the machine that Kolibri runs on fit for it?"""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path

from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin.cloud.network import on_app_service
from kolibri_azure_plugin.configuration import image_record, limits, time_zone
from kolibri_azure_plugin.database.config import APPLICATION
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import EVERY_ROLE, Registry, Scope
from kolibri_azure_plugin.errors.remedies import RESTART, set_app_settings

CHECKS = Registry("platform")

#: Seconds that App Service waits for a container: the default and the maximum.
#: https://learn.microsoft.com/azure/app-service/reference-app-settings#custom-containers
START_TIME_LIMIT, MAX_START_TIME_LIMIT = 230, 1800

#: Bytes of memory that Kolibri needs to serve a class.
MIN_MEMORY = 2**30

#: Free bytes in KOLIBRI_HOME below which logs and caches may soon fill the disk.
MIN_DISK_SPACE = 256 * 2**20

#: Days after which an image lacks too many of the fixes that Debian has published.
OLD_IMAGE = 60

#: On App Service, the template that deployed the app also brings a newer image.
REDEPLOY = (
    "Set rebuild in kolibri.parameters.json to another word, such as {month}; if the "
    "template does not build the image, set image to a newer one. Then deploy again:\n"
    "az deployment group create -g GROUP -n kolibri -f arm/prod_deployment_template.json "
    "-p @kolibri.parameters.json"
)

#: Elsewhere, the administrator builds one.
REBUILD = (
    "Build a new image, and replace this one with it:\n"
    "docker build --pull --no-cache -f docker/Dockerfile -t kolibri-azure ."
)


@CHECKS.check(
    "app_service",
    "App Service waits long enough for a start.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    advisory=True,
    roles=EVERY_ROLE,
)
def app_service(ctx: CheckContext) -> Outcome:
    if not on_app_service():
        return skipped("this is not App Service")
    names = ("WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "WEBSITE_SKU", "REGION_NAME")
    found = {name: os.environ[name] for name in names if name in os.environ}
    patience = int(os.environ.get("WEBSITES_CONTAINER_START_TIME_LIMIT") or START_TIME_LIMIT)
    waits = ctx.context.settings.startup_timeout
    if waits >= patience:
        return warned(
            f"App Service gives up on a start after {patience} s, Kolibri after {waits} s.",
            cause="App Service ends the container before Kolibri can report what it waits for",
            remedy=set_app_settings(
                f"WEBSITES_CONTAINER_START_TIME_LIMIT={min(waits + 110, MAX_START_TIME_LIMIT)}"
            ),
            **found,
        )
    return passed(f"App Service runs app {os.environ['WEBSITE_SITE_NAME']}.", **found)


@CHECKS.check(
    "memory",
    "The container has enough memory.",
    scope=Scope.INSTANCE,
    advisory=True,
    roles=EVERY_ROLE,
)
def memory(_ctx: CheckContext) -> Outcome:
    limit, used = limits.find().memory, limits.memory_in_use()
    message = f"{limit / 2**30:.1f} GiB of memory, {used / 2**30:.1f} GiB in use."
    if limit < MIN_MEMORY:
        return warned(
            message,
            cause=f"with less than {MIN_MEMORY / 2**30:.0f} GiB, the platform ends Kolibri or its "
            "workers while they work",
            remedy="az appservice plan update -g GROUP -n PLAN --sku SKU",
            limit_bytes=limit,
            used_bytes=used,
        )
    return passed(message, limit_bytes=limit, used_bytes=used)


@CHECKS.check(
    "disk", "KOLIBRI_HOME has room.", scope=Scope.INSTANCE, advisory=True, roles=EVERY_ROLE
)
def disk(_ctx: CheckContext) -> Outcome:
    free = shutil.disk_usage(KOLIBRI_HOME).free
    message = f"{free / 2**30:.1f} GiB are free in {KOLIBRI_HOME}."
    if free < MIN_DISK_SPACE:
        return warned(
            message,
            cause="uploads, exports and caches of this instance go there",
            remedy=f"du -sh {KOLIBRI_HOME}/* shows what is large. A restart empties the folder:\n"
            f"{RESTART}",
            free_bytes=free,
        )
    return passed(message, free_bytes=free)


@CHECKS.check(
    "time_zone", "The time zone exists.", scope=Scope.INSTANCE, advisory=True, roles=EVERY_ROLE
)
def time_zone_(_ctx: CheckContext) -> Outcome:
    zone = time_zone.named()
    if not zone:
        return passed(f"The time zone is {time.tzname[0]}.", time_zone=time.tzname[0])
    if not time_zone.exists(zone):
        return warned(
            f"There is no time zone {zone}.",
            cause="TZ names it; Kolibri uses UTC instead",
            remedy=f"{set_app_settings('TZ=Africa/Nairobi')}\nor another name of "
            "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones",
            time_zone=zone,
        )
    return passed(f"The time zone is {zone}.", time_zone=zone)


@CHECKS.check(
    "image_age",
    "The image is recent.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    advisory=True,
    roles=EVERY_ROLE,
)
def image_age(ctx: CheckContext) -> Outcome:
    file = os.environ.get(image_record.VARIABLE)
    if not file:
        return skipped("this is not the project's image")
    now = datetime.now(timezone.utc)
    remedy = _newer_image(ctx, now)
    try:
        record = image_record.read(Path(file))
    except (OSError, ValueError) as error:
        return warned(
            "The age of the image is unknown.",
            cause=f"{file} is not a record of the image's build: {error}",
            remedy=remedy,
        )
    days = record.days_since_update(now)
    message = f"Built as {record.version}, with Debian packages from {days} days ago."
    found = {**dataclasses.asdict(record), "age_days": days}
    if days > OLD_IMAGE:
        return warned(
            message,
            cause="the image lacks later security fixes in nginx, Python and other packages",
            remedy=remedy,
            **found,
        )
    return passed(message, **found)


def _newer_image(ctx: CheckContext, now: datetime) -> str:
    if not on_app_service():
        return REBUILD
    remedy = REDEPLOY.format(month=f"{now:%Y-%m}")
    return remedy.replace("prod_", "test_") if ctx.context.settings.is_test else remedy


@CHECKS.check(
    "instances",
    "No more instances are connected than configured.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in",),
    advisory=True,
)
def instances(ctx: CheckContext) -> Outcome:
    configured = ctx.context.settings.instances
    seen = int(
        ctx.value(
            "SELECT count(DISTINCT client_addr) FROM pg_stat_activity"
            " WHERE datname = current_database() AND starts_with(application_name, %s)",
            [APPLICATION],
        )
    )
    if seen > configured:
        return warned(
            f"{seen} instances are connected, but KOLIBRI_AZURE_INSTANCES is {configured}.",
            cause="requirements of several instances, such as a share for uploads, are not checked",
            remedy=set_app_settings(f"KOLIBRI_AZURE_INSTANCES={seen}"),
            seen=seen,
            configured=configured,
        )
    return passed(f"Connected instances: {seen} of {configured}.", seen=seen, configured=configured)
