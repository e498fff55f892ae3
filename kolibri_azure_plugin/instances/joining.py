"""What a process has to agree on with the other instances before it does anything else."""

from __future__ import annotations

import os
import sys

from kolibri_azure_plugin.instances import device_identity, installed_version, upgrades
from kolibri_azure_plugin.instances.state import open_state
from kolibri_azure_plugin.retry import Deadline

#: Kolibri's WSGI module, which serves, but neither migrates nor upgrades.
WSGI_MODULE = "kolibri.deployment.default.wsgi"

_joins = True


def stay_out() -> None:
    """Let this process load Kolibri's settings without becoming a part of the deployment.

    The doctor changes nothing, not even an empty database.
    """
    global _joins
    _joins = False


def join(deadline: Deadline) -> None:
    """Take on the deployment's identity, and make sure that this Kolibri fits its database.

    :raises DatabaseError: when it does not, or nobody makes it fit within the deadline.
    """
    if not _joins:
        return
    with open_state() as state:
        installed_version.refuse_newer(state)
        device_identity.take_on(state, os.environ)
    # `kolibri start` imports the module too, but long after these settings.
    if WSGI_MODULE in sys.modules:
        upgrades.wait_until_up_to_date(deadline)
