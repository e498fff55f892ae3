"""One device for sync: all instances on a database have the same identity.

Morango makes the id of an instance from the database's id, a system id and a node id. It takes the
latter two from the machine, unless two environment variables give them.
"""

from __future__ import annotations

import uuid
from collections.abc import MutableMapping

from kolibri_azure_plugin.instances.state import State

IDENTITY = "device_identity"

#: The environment variables of Morango, with the parts of the identity that they take.
VARIABLES = {"MORANGO_SYSTEM_ID": "system_id", "MORANGO_NODE_ID": "node_id"}


def take_on(state: State, environ: MutableMapping[str, str]) -> None:
    """Give this process, and those it starts, the identity that the database keeps.

    :param environ: the environment; what it says already stays, unless it is empty.
    """
    fresh = {part: uuid.uuid4().hex for part in VARIABLES.values()}
    identity = state.set_once(IDENTITY, fresh)
    for variable, part in VARIABLES.items():
        environ[variable] = environ.get(variable, "").strip() or identity[part]


def settle() -> None:
    """Make it the identity that counts in the database.

    Morango keeps an identity that was made on the same machine before; on another it would not.
    """
    from morango.models import InstanceIDModel
    from morango.models.utils import get_0_5_system_id

    instance, _created = InstanceIDModel.get_or_create_current_instance(clear_cache=True)
    if instance.system_id != get_0_5_system_id():
        InstanceIDModel.objects.filter(current=True).update(current=False)
        InstanceIDModel.get_or_create_current_instance(clear_cache=True)
