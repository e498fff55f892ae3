"""How much room there is on the share, for who must not wait for it."""

from __future__ import annotations

import logging
from typing import Callable

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.probe import ProbeHangsError
from kolibri_azure_plugin.content.steady_probe import GONE
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def measure_in_time(free_space: Callable[..., int]) -> Callable[..., int]:
    """Around `get_free_space`: none where the share does not answer, since nothing fits there."""

    @wraps(free_space)
    def measured(path: str) -> int:
        try:
            probe.touch(path)
        except ProbeHangsError as error:
            return _nothing(path, str(error))
        except OSError as error:
            if error.errno in GONE:
                return _nothing(path, str(error.strerror))
        return free_space(path)

    return measured


def _nothing(path: str, reason: str) -> int:
    logger.warning("The room on the share at %s is not known: %s.", path, reason)
    return 0
