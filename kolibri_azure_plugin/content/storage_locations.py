"""Tells whether a storage location can be used, without waiting for a share that hangs."""

from __future__ import annotations

import logging
from typing import Callable

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content.mounts import mount_around
from kolibri_azure_plugin.content.reachability import reason_unreachable
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def ask_if_reachable(ask: Callable[[str], bool]) -> Callable[[str], bool]:
    """Wrap `get_path_permission` or `check_is_directory`: no, when the share does not answer."""

    @wraps(ask)
    def ask_or_deny(path: str) -> bool:
        return _is_reachable(path) and ask(path)

    return ask_or_deny


def _is_reachable(path: str) -> bool:
    """False when the path is on a share that hangs or is gone.

    Administrators can ask for any path. Probing the mount instead of the path leaves one hanging
    process at most, and writes nothing to other folders.
    """
    mount = mount_around(path) if path else None
    if mount is None or mount.type not in context.current().settings.mount_types:
        return True
    reason = reason_unreachable(mount.path)
    if reason:
        logger.warning("Can't look at the storage location %s: %s.", path, reason)
    return not reason
