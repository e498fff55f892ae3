"""The version of Kolibri in the database, independent of the container's files."""

from __future__ import annotations

import logging

import kolibri
from kolibri.utils.version import normalize_version_to_semver
from semver import VersionInfo

from kolibri_azure_plugin.database.state import KOLIBRI_VERSION, State
from kolibri_azure_plugin.errors import DatabaseError

logger = logging.getLogger(__name__)

VERSION = KOLIBRI_VERSION

#: The part of a remedy that undoes an upgrade.
GO_BACK = (
    "To go back to this image, let it restore the backup that was made before the upgrade:\n"
    'az webapp config set -g GROUP -n APP --startup-file "restore NAME.dump"\n'
    "The log of the upgrade names that backup: The way back from the upgrade\n"
    "If there is none, restore the database to a new server:\n"
    "az postgres flexible-server restore -g GROUP -n NEW_SERVER --source-server SERVER "
    "--restore-time TIME"
)

#: Marks a database in which the first installation has begun.
NEW_INSTALL = ""

#: A migration that is new in each series of releases, newest first, according to the wheels. Any
#: release of a series counts as the first one: Kolibri's upgrade functions may run again.
MARKERS = (
    ("0.19.0", "kolibriauth", "0031_session"),
    ("0.18.0", "kolibriauth", "0028_facilityuser_date_deleted"),
    ("0.17.0", "content", "0036_null_boolean_and_mptt"),
    ("0.16.0", "device", "0017_extra_settings"),
)


def find(state: State, file_version: str) -> str:
    """The version in the database; NEW_INSTALL if there is none yet.

    :param file_version: the version in .data_version in KOLIBRI_HOME, which counts only for a
        database that Kolibri used before the plugin did.
    :raises DatabaseError: when the version is unknown.
    """
    recorded = state.get(VERSION)
    if recorded is not None:
        return str(recorded)
    applied = _applied_migrations(state)
    if not applied:
        return NEW_INSTALL
    version = file_version or _version_of(applied)
    logger.info(
        "The database was created without this plugin, by Kolibri %s%s.",
        version,
        "" if file_version else " or a later release of its series, according to its migrations",
    )
    return version


def record(state: State, version: str) -> None:
    """Record the version of Kolibri that the database belongs to."""
    state.set(VERSION, version)


def is_current(state: State) -> bool:
    """True if the database is ready for this Kolibri."""
    return bool(state.get(VERSION) == kolibri.__version__)


def refuse_newer(state: State) -> None:
    """:raises DatabaseError: when a newer Kolibri than this one has upgraded the database."""
    version = state.get(VERSION)
    if version and is_newer(version):
        raise DatabaseError(
            "This image is older than the database.",
            expected=f"Kolibri {version} or newer, which has upgraded the database",
            found=f"Kolibri {kolibri.__version__}",
            remedy="Deploy the image that ran last, or a newer one:\n"
            "az webapp config container set -g GROUP -n APP --container-image-name IMAGE\n"
            + GO_BACK,
            code="database-newer",
        )


def is_newer(version: str) -> bool:
    """True if a version is newer than this Kolibri."""
    return _comparable(version) > _comparable(kolibri.__version__)


def count_migrations(state: State) -> int:
    """The number of migrations that the database records, of all of Kolibri's apps."""
    return len(_applied_migrations(state))


def _applied_migrations(state: State) -> set[tuple[str, str]]:
    if not state.exists("django_migrations"):
        return set()
    return {(app, name) for app, name in state.rows("SELECT app, name FROM django_migrations")}


def _version_of(applied: set[tuple[str, str]]) -> str:
    for version, app, name in MARKERS:
        if (app, name) in applied:
            return version
    raise DatabaseError(
        "The version of Kolibri that created the database is unknown.",
        expected=f"a database of Kolibri {MARKERS[-1][0]} or newer",
        found="an older one, and no .data_version in KOLIBRI_HOME",
        remedy="Write the last version of Kolibri that used it to the file:\n"
        "echo VERSION > $KOLIBRI_HOME/.data_version",
        code="database-version-unknown",
    )


def _comparable(version: str) -> VersionInfo:
    return VersionInfo.parse(normalize_version_to_semver(version))
