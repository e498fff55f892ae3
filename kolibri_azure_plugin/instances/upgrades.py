"""Migrations and upgrades, done once for all instances.

Kolibri decides by files in KOLIBRI_HOME whether it is a new install or an upgrade. A container has
none of them, so the decision is taken here, by what the database says.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable

import kolibri
from kolibri.plugins import config
from kolibri.plugins.registry import registered_plugins
from kolibri.plugins.utils import is_external_plugin, is_plugin_updated

from kolibri_azure_plugin.errors import DatabaseError, KolibriAzureError
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.instances import device_identity, installed_version, lease
from kolibri_azure_plugin.instances.one_starter import one_starter_at_a_time
from kolibri_azure_plugin.instances.state import State, open_state
from kolibri_azure_plugin.retry import Deadline
from kolibri_azure_plugin.wrapping import original, wraps

logger = logging.getLogger(__name__)

PLUGIN_VERSIONS = "plugin_versions"

POLL_SECONDS = 1.0


def leave_to_the_database(update: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Around Kolibri's `update`, which it calls by what its files say: do nothing there."""

    @wraps(update)
    def nothing(_old_version: str, _new_version: str) -> None:
        """What is due is done a moment later, by what the database says."""

    return nothing


def decide_by_the_database(update_plugins: Callable[[], Any]) -> Callable[[], None]:
    """Around Kolibri's `run_plugin_updates`, which it calls next and always: do what is due."""
    from kolibri.utils import main

    # Now: who puts something else in its place later means what Kolibri calls.
    update = original(main.update)

    @wraps(update_plugins)
    def bring_up() -> None:
        try:
            bring_up_to_date(update, update_plugins)
        except KolibriAzureError:
            with fail_closed():
                raise

    return bring_up


def bring_up_to_date(update: Callable[[str, str], None], update_plugins: Callable[[], Any]) -> None:
    """Migrate and upgrade the database, unless that is done; wait for whoever is at it.

    :param update: Kolibri's own function for an upgrade from one version to another.
    :param update_plugins: Kolibri's own function for upgrades of the plugins that its
        configuration lists as updated.
    :raises KolibriAzureError: when it can't be done.
    """
    with open_state() as state:
        if _is_up_to_date(state):
            _remember_in_home()
            return
    with one_starter_at_a_time(), open_state() as state:
        # Whoever was waited for may have been of a newer version.
        installed_version.refuse_newer(state)
        if not installed_version.is_current(state):
            _upgrade(state, update)
        _remember_in_home()
        if not _plugins_are_up_to_date(state):
            _update_plugins(state, update_plugins)


def wait_until_up_to_date(deadline: Deadline) -> None:
    """Wait for another process to prepare the database, where this one has no part in that.

    :raises DatabaseError: when it has not happened within the deadline.
    """
    with open_state() as state:
        while not installed_version.is_current(state):
            if not deadline.remaining():
                raise DatabaseError(
                    "The database is not ready for this version of Kolibri.",
                    expected=f"a database that Kolibri {kolibri.__version__} has prepared",
                    found="an empty database, or one of an older version, and nobody preparing it",
                    remedy="Prepare it once, with the same settings: kolibri configure setup",
                    code="database-not-prepared",
                )
            time.sleep(POLL_SECONDS)


def _is_up_to_date(state: State) -> bool:
    return installed_version.is_current(state) and _plugins_are_up_to_date(state)


def _upgrade(state: State, update: Callable[[str, str], None]) -> None:
    version = installed_version.find(state, _version_in_home())
    # Written before the first migration, after which nobody could tell it any more.
    installed_version.record(state, version)
    if version:
        logger.info("Upgrading the database from Kolibri %s.", version)
        _assume_plugins(state, version)
    else:
        logger.info("The database is empty: installing Kolibri %s.", kolibri.__version__)
    # No worker is meant by this, also none of the new version.
    state.set(lease.TARGET_VERSION, f"{kolibri.__version__}, being prepared")
    lease.wait_until_free(state)
    began = time.monotonic()
    update(version, kolibri.__version__)
    device_identity.settle()
    state.set(lease.TARGET_VERSION, kolibri.__version__)
    installed_version.record(state, kolibri.__version__)
    logger.info(
        "The database is ready for Kolibri %s after %.0f s.",
        kolibri.__version__,
        time.monotonic() - began,
    )


def _assume_plugins(state: State, version: str) -> None:
    """Kolibri's own plugins are as old as Kolibri, whatever a new container's file leaves out."""
    in_home = config["PLUGIN_VERSIONS"].items()
    external = {name: known for name, known in in_home if is_external_plugin(name)}
    own = {name: version for name in _plugins() if not is_external_plugin(name)}
    state.set_once(PLUGIN_VERSIONS, {**own, **external})


def _plugins_are_up_to_date(state: State) -> bool:
    """Also put the versions that the database knows in the place of those in KOLIBRI_HOME."""
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


def _remember_in_home() -> None:
    """Let Kolibri find in KOLIBRI_HOME what it would have written there itself."""
    from kolibri.utils.main import version_file

    if _version_in_home() != kolibri.__version__:
        with open(version_file(), "w", encoding="utf-8") as file:
            file.write(kolibri.__version__)
