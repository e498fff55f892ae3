"""What an older image does with a database whose upgrade to a newer version did not finish."""

from __future__ import annotations

import logging

import kolibri

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.instances import installed_version
from kolibri_azure_plugin.instances.lease_row import BEING_PREPARED, TARGET_VERSION

logger = logging.getLogger(__name__)

#: The key of the version from which the upgrade began, and of the number of migrations then.
BEGAN_FROM = "upgrade_began_from"


def begin(state: State) -> None:
    """Note that an upgrade to this version begins, which stops all workers.

    A further try leaves the number of migrations as it was before the first.
    """
    version = state.get(installed_version.VERSION)
    if (state.get(BEGAN_FROM) or {}).get("version") != version:
        migrations = installed_version.count_migrations(state)
        state.set(BEGAN_FROM, {"version": version, "migrations": migrations})
    # A version that no worker has, so that none runs meanwhile.
    state.set(TARGET_VERSION, kolibri.__version__ + BEING_PREPARED)


def end(state: State) -> None:
    """Note that the database is ready for this version, whose workers may run."""
    state.set(TARGET_VERSION, kolibri.__version__)


def newer(state: State) -> str:
    """The newer version to which an upgrade has begun and not ended; empty if there is none."""
    version = (state.get(TARGET_VERSION) or "").removesuffix(BEING_PREPARED)
    return version if version and installed_version.is_newer(version) else ""


def settle(state: State) -> None:
    """Cancel an upgrade to a newer version that has not changed the database yet.

    Only the holder of the start lock may call this: then no process works on that upgrade.

    :raises DatabaseError: when it has changed the database.
    """
    version = newer(state)
    began = state.get(BEGAN_FROM)
    if not version or not began:
        return
    made = installed_version.count_migrations(state) - began["migrations"]
    if made:
        raise DatabaseError(
            "The database is half-way between two versions of Kolibri.",
            expected=f"a database that Kolibri {version} has not begun to upgrade",
            found=f"{made} of its migrations; Kolibri {kolibri.__version__} does not know them",
            remedy="Finish the upgrade, with the image that began it:\n"
            "az webapp config container set -g GROUP -n APP --container-image-name IMAGE\n"
            + installed_version.GO_BACK,
            code="database-half-upgraded",
        )
    logger.warning(
        "An upgrade to Kolibri %s was begun, and given up before it changed the database. "
        "Kolibri %s goes on.",
        version,
        kolibri.__version__,
    )
    state.set(TARGET_VERSION, began["version"])
    state.set(BEGAN_FROM, None)
