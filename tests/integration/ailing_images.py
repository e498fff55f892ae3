"""Records of the container image that a check reports a problem for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from devtools.deployment import Deployment
from kolibri_azure_plugin.configuration import image_record

from .planted import Plant, World


def give_image(deployment: Deployment, *, days: float) -> None:
    """Give it the record of an image whose packages are this old."""
    built = datetime(2026, 11, 28, tzinfo=timezone.utc)
    updated = datetime.now(timezone.utc) - timedelta(days=days)
    file = deployment.home.parent / "image.json"
    record = image_record.ImageRecord(
        "v0.1.0-2026-11", "v0.1.0", created=built.isoformat(), updated=updated.isoformat()
    )
    image_record.write(file, record)
    deployment.environment[image_record.VARIABLE] = str(file)


def image_of(*, days: float) -> Plant:
    """An image whose packages are this old."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        give_image(world.deployment, days=days)
        yield

    return plant


@contextlib.contextmanager
def old_image_on_app_service(world: World) -> Iterator[None]:
    world.deployment.environment.update(
        WEBSITE_SITE_NAME="kolibri", WEBSITE_RESOURCE_GROUP="school"
    )
    with image_of(days=75)(world):
        yield


@contextlib.contextmanager
def image_without_a_record(world: World) -> Iterator[None]:
    world.deployment.environment[image_record.VARIABLE] = "/usr/share/lost/image.json"
    yield
