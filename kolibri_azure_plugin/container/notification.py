"""Notifies s6 that a part is ready. Other parts wait for it."""

from __future__ import annotations

import logging
import os

logger = logging.getLogger(__name__)

#: The file descriptor on which s6 waits for a line, as in the services' notification-fd files.
NOTIFICATION_FD = 3


def notify_ready() -> None:
    """Notify s6 once. Without a supervisor, the descriptor does not exist and nothing waits."""
    try:
        os.write(NOTIFICATION_FD, b"\n")
        os.close(NOTIFICATION_FD)
    except OSError:
        logger.debug("No supervisor waits for this process to be ready.")
