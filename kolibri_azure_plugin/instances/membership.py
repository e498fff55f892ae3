"""Joins a process to the deployment before it does anything else."""

from __future__ import annotations

import os
import sys

from kolibri_azure_plugin.database.state import open_state
from kolibri_azure_plugin.errors.retry import Deadline
from kolibri_azure_plugin.instances import device_identity, installed_version, upgrades

#: Kolibri's WSGI module, which serves but neither migrates nor upgrades.
WSGI_MODULE = "kolibri.deployment.default.wsgi"

_joins = True


def skip_joining() -> None:
    """Let this process load Kolibri's settings without joining the deployment.

    The doctor must not change anything, not even an empty database.
    """
    global _joins
    _joins = False


def join(deadline: Deadline) -> None:
    """Adopt the deployment's identity, and make sure that this Kolibri fits the database.

    :raises DatabaseError: when the database is newer, or not prepared within the deadline.
    """
    if not _joins:
        return
    with open_state() as state:
        installed_version.refuse_newer(state)
        device_identity.adopt(state, os.environ)
    # `kolibri start` imports the module too, but long after these settings.
    if WSGI_MODULE in sys.modules:
        upgrades.wait_until_up_to_date(deadline)
