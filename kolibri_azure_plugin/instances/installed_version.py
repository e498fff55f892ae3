"""Which Kolibri the database was last upgraded to, whatever the container's files say."""

from __future__ import annotations

import logging

import kolibri
from kolibri.utils.version import normalize_version_to_semver
from semver import VersionInfo

from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.instances.state import State

logger = logging.getLogger(__name__)

VERSION = "kolibri_version"

#: Stands for a database in which the first installation has begun.
NEW_INSTALL = ""

#: A migration that came with each series of releases, newest first, read from the wheels. Within a
#: series the first release is assumed: Kolibri's upgrade functions are made to be run again.
MARKERS = (
    ("0.19.0", "kolibriauth", "0031_session"),
    ("0.18.0", "kolibriauth", "0028_facilityuser_date_deleted"),
    ("0.17.0", "content", "0036_null_boolean_and_mptt"),
    ("0.16.0", "device", "0017_extra_settings"),
)


def find(state: State, file_version: str) -> str:
    """The version in the database; NEW_INSTALL when there is none yet.

    :param file_version: what .data_version in KOLIBRI_HOME says, which counts only for a database
        that Kolibri used before the plugin did.
    :raises DatabaseError: when it can't be told.
    """
    recorded = state.get(VERSION)
    if recorded is not None:
        return str(recorded)
    applied = _applied_migrations(state)
    if not applied:
        return NEW_INSTALL
    version = file_version or _version_of(applied)
    logger.info(
        "The database was made without this plugin, by Kolibri %s%s.",
        version,
        "" if file_version else " or a later release of its series, as its migrations tell",
    )
    return version


def record(state: State, version: str) -> None:
    """Write down which Kolibri the database belongs to."""
    state.set(VERSION, version)


def is_current(state: State) -> bool:
    """True when the database is ready for this Kolibri."""
    return bool(state.get(VERSION) == kolibri.__version__)


def refuse_newer(state: State) -> None:
    """:raises DatabaseError: when a newer Kolibri than this one has upgraded the database."""
    version = state.get(VERSION)
    if version and _comparable(version) > _comparable(kolibri.__version__):
        raise DatabaseError(
            "This image is older than the database.",
            expected=f"Kolibri {version} or newer, which has upgraded the database",
            found=f"Kolibri {kolibri.__version__}",
            remedy="Deploy the image that ran last, or a newer one:\n"
            "az webapp config container set -g GROUP -n APP --container-image-name IMAGE\n"
            "To go back to this image, restore the database as it was before the upgrade:\n"
            "az postgres flexible-server restore -g GROUP -n NEW_SERVER --source-server SERVER "
            "--restore-time TIME",
            code="database-newer",
        )


def _applied_migrations(state: State) -> set[tuple[str, str]]:
    if not state.exists("django_migrations"):
        return set()
    return {(app, name) for app, name in state.rows("SELECT app, name FROM django_migrations")}


def _version_of(applied: set[tuple[str, str]]) -> str:
    for version, app, name in MARKERS:
        if (app, name) in applied:
            return version
    raise DatabaseError(
        "It can't be told which Kolibri made the database.",
        expected=f"a database of Kolibri {MARKERS[-1][0]} or newer",
        found="an older one, and no .data_version in KOLIBRI_HOME",
        remedy="Write the version of the Kolibri that used it last into the file:\n"
        "echo VERSION > $KOLIBRI_HOME/.data_version",
        code="database-version-unknown",
    )


def _comparable(version: str) -> VersionInfo:
    return VersionInfo.parse(normalize_version_to_semver(version))
