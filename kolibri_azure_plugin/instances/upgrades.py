"""Migrates and upgrades the database once for all instances.

Kolibri uses files in KOLIBRI_HOME to distinguish a new install from an upgrade. A container does
not have them, so this module decides by the state of the database.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable

import kolibri
from kolibri.plugins import config
from kolibri.plugins.registry import registered_plugins
from kolibri.plugins.utils import is_external_plugin, is_plugin_updated

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.database.state import State, open_state
from kolibri_azure_plugin.errors import DatabaseError, KolibriAzureError
from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.errors.retry import Deadline
from kolibri_azure_plugin.facility_data.backups import before_upgrade
from kolibri_azure_plugin.instances import (
    device_identity,
    installed_version,
    lease,
    unfinished_upgrade,
)
from kolibri_azure_plugin.instances.startup_lock import startup_lock
from kolibri_azure_plugin.wrapping import original, wraps

logger = logging.getLogger(__name__)

PLUGIN_VERSIONS = "plugin_versions"

POLL_SECONDS = 1.0


def skip_file_based_update(update: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Disable Kolibri's `update`, which depends on its files."""

    @wraps(update)
    def nothing(_old_version: str, _new_version: str) -> None:
        """The upgrade follows a moment later, in `upgrade_by_database_state`."""

    return nothing


def upgrade_by_database_state(update_plugins: Callable[[], Any]) -> Callable[[], None]:
    """Upgrade in Kolibri's `run_plugin_updates`, which it always calls next."""
    from kolibri.utils import main

    # Looked up now: a later replacement is meant for Kolibri's own calls.
    update = original(main.update)

    @wraps(update_plugins)
    def run_upgrade() -> None:
        try:
            bring_up_to_date(update, update_plugins)
        except KolibriAzureError:
            with fail_closed():
                raise

    return run_upgrade


def bring_up_to_date(update: Callable[[str, str], None], update_plugins: Callable[[], Any]) -> None:
    """Migrate and upgrade the database if needed, or wait while another process does.

    :param update: Kolibri's own function for an upgrade from one version to another.
    :param update_plugins: Kolibri's own function that upgrades the plugins which its
        configuration lists as updated.
    :raises KolibriAzureError: when it fails.
    """
    with open_state() as state:
        if _is_up_to_date(state):
            _write_version_file()
            return
    with startup_lock(), open_state() as state:
        # The other process may have had a newer version.
        installed_version.refuse_newer(state)
        unfinished_upgrade.settle(state)
        _back_up_if_it_migrates(state)
        if not installed_version.is_current(state):
            _upgrade(state, update)
        _write_version_file()
        if not _plugins_are_up_to_date(state):
            _update_plugins(state, update_plugins)
        before_upgrade.forget(state)


def wait_until_up_to_date(deadline: Deadline) -> None:
    """Wait for another process to prepare the database, which this process never does.

    :raises DatabaseError: when it is not ready within the deadline.
    """
    with open_state() as state:
        while not installed_version.is_current(state) or unfinished_upgrade.newer(state):
            if not deadline.remaining():
                raise DatabaseError(
                    "The database is not ready for this version of Kolibri.",
                    expected=f"a database that Kolibri {kolibri.__version__} has prepared",
                    found="an empty, older or half-upgraded database, and no process that "
                    "prepares it",
                    remedy="Prepare it once, with the same settings: kolibri configure setup",
                    code="database-not-prepared",
                )
            time.sleep(POLL_SECONDS)


def _is_up_to_date(state: State) -> bool:
    return (
        installed_version.is_current(state)
        and not unfinished_upgrade.newer(state)
        and _plugins_are_up_to_date(state)
    )


def _back_up_if_it_migrates(state: State) -> None:
    """Make the way back. Nothing in the state may say yet that an upgrade has begun."""
    version = installed_version.find(state, _version_in_home())
    if version and _migrates():
        # The backup tells from this that it fits the old image.
        installed_version.record(state, version)
        upgrade = f"the upgrade from {version} to {kolibri.__version__}"
        if version == kolibri.__version__:
            upgrade = f"the upgrade of plugins of Kolibri {version}"
        migrations = installed_version.count_migrations(state)
        before_upgrade.back_up(state, context.current().settings, upgrade, migrations)


def _migrates() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _upgrade(state: State, update: Callable[[str, str], None]) -> None:
    version = installed_version.find(state, _version_in_home())
    # Written before the first migration, after which the old version would be unknown.
    installed_version.record(state, version)
    if version:
        logger.info("Upgrading the database from Kolibri %s.", version)
        _seed_plugin_versions(state, version)
    else:
        logger.info("The database is empty: installing Kolibri %s.", kolibri.__version__)
    unfinished_upgrade.begin(state)
    lease.wait_until_free(state)
    began = time.monotonic()
    update(version, kolibri.__version__)
    device_identity.settle()
    unfinished_upgrade.end(state)
    installed_version.record(state, kolibri.__version__)
    logger.info(
        "The database is ready for Kolibri %s after %.0f s.",
        kolibri.__version__,
        time.monotonic() - began,
    )


def _seed_plugin_versions(state: State, version: str) -> None:
    """Record Kolibri's version for its own plugins, which a new container's file may omit."""
    in_home = config["PLUGIN_VERSIONS"].items()
    external = {name: known for name, known in in_home if is_external_plugin(name)}
    own = {name: version for name in _plugins() if not is_external_plugin(name)}
    state.set_once(PLUGIN_VERSIONS, {**own, **external})


def _plugins_are_up_to_date(state: State) -> bool:
    """Compare the plugins' versions, after replacing those in KOLIBRI_HOME by the database's."""
    known = state.get(PLUGIN_VERSIONS) or {}
    config["PLUGIN_VERSIONS"] = dict(known)
    config["UPDATED_PLUGINS"] = {name for name in _plugins() if is_plugin_updated(name)}
    return not config["UPDATED_PLUGINS"]


def _update_plugins(state: State, update_plugins: Callable[[], Any]) -> None:
    update_plugins()
    known = state.get(PLUGIN_VERSIONS) or {}
    state.set(PLUGIN_VERSIONS, {**known, **config["PLUGIN_VERSIONS"]})


def _plugins() -> list[str]:
    return [plugin.module_path for plugin in registered_plugins]


def _version_in_home() -> str:
    from kolibri.utils.main import get_version

    return str(get_version())


def _write_version_file() -> None:
    """Write the version file in KOLIBRI_HOME, as Kolibri's own upgrade would."""
    from kolibri.utils.main import version_file

    if _version_in_home() != kolibri.__version__:
        with open(version_file(), "w", encoding="utf-8") as file:
            file.write(kolibri.__version__)
