"""gunicorn's configuration for both applications; its names are gunicorn's settings."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import Any

from kolibri_azure_plugin.container import configuration
from kolibri_azure_plugin.container.notification import notify_ready

logger = logging.getLogger(__name__)

container_config = configuration.find(os.environ)

#: Requests between two checks of a process's memory.
MEMORY_INTERVAL = 200

# The first process loads the application, and the others share its memory.
preload_app = True
worker_class = "gthread"

# nginx connects over a private socket, keeps no connections open, and has checked each request.
keepalive = 0
backlog = 4096
forwarded_allow_ips = "*"
limit_request_line = 0
# Unlike above, 0 is not unlimited here. It would mean 8 kB, and 100 headers.
limit_request_field_size = 1 << 20
limit_request_fields = 1000

# Seconds after which a process with a blocked main thread is killed. Requests may take longer, and
# nginx limits them.
timeout = 30
# For a process that is being replaced. When the container stops, nginx finishes first.
graceful_timeout = 230

# The heartbeat is a file, which must not be on a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else container_config.settings.run  # noqa: S108
# gunicorn's remote control is not used, and would need a writable HOME.
control_socket_disable = True

# To stderr. The plugin formats the lines once it is loaded.
errorlog = "-"
loglevel = "warning"

# Imports create hundreds of thousands of permanent objects. Collecting garbage meanwhile costs a
# sixth of the start (1.45 s of CPU time instead of 1.2).
gc.disable()


def when_ready(_server: Any) -> None:
    """Exempt loaded objects from collection before the first fork, so they stay shared."""
    gc.collect()
    gc.freeze()
    gc.enable()
    notify_ready()


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """Let a process that has grown too much finish its requests, and be replaced."""
    if worker.nr % MEMORY_INTERVAL or not worker.alive:
        return
    used = _resident_bytes()
    if used > container_config.sizes.process_memory:
        worker.alive = False
        logger.warning("Process %d uses %d MB: a new one replaces it.", worker.pid, used >> 20)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
