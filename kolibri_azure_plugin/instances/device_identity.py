"""Makes all instances on a database one device for sync, with the same identity.

Morango derives the id of an instance from the database's id, a system id and a node id. The latter
two come from the machine, unless two environment variables set them.
"""

from __future__ import annotations

import uuid
from collections.abc import MutableMapping

from kolibri_azure_plugin.database.state import State

IDENTITY = "device_identity"

#: Morango's environment variables, with the parts of the identity that they set.
VARIABLES = {"MORANGO_SYSTEM_ID": "system_id", "MORANGO_NODE_ID": "node_id"}


def adopt(state: State, environ: MutableMapping[str, str]) -> None:
    """Give this process, and those it starts, the identity stored in the database.

    :param environ: the environment. Values that are already set stay.
    """
    fresh = {part: uuid.uuid4().hex for part in VARIABLES.values()}
    identity = state.set_once(IDENTITY, fresh)
    for variable, part in VARIABLES.items():
        environ[variable] = environ.get(variable, "").strip() or identity[part]


def settle() -> None:
    """Make it the current identity in the database.

    Morango keeps an earlier identity from the same machine, but not from another machine.
    """
    from morango.models import InstanceIDModel
    from morango.models.utils import get_0_5_system_id

    instance, _created = InstanceIDModel.get_or_create_current_instance(clear_cache=True)
    if instance.system_id != get_0_5_system_id():
        InstanceIDModel.objects.filter(current=True).update(current=False)
        InstanceIDModel.get_or_create_current_instance(clear_cache=True)
