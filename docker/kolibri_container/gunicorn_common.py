"""gunicorn's configuration as both applications have it; its names are gunicorn's settings."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import Any

from kolibri_container import configuration

logger = logging.getLogger(__name__)

found = configuration.find(os.environ)

#: The file descriptor on which s6 waits for a line; the services' files notification-fd name it.
NOTIFICATION_FD = 3

#: Requests after which a process looks at its memory again.
MEMORY_INTERVAL = 200

# A first process loads the application, and the others share its memory.
preload_app = True
worker_class = "gthread"

# nginx comes over a socket of its own, keeps no connection open, and has checked what it passes on.
keepalive = 0
backlog = 4096
forwarded_allow_ips = "*"
limit_request_line = 0
# Here 0 would mean 8 kB, and the number of headers 100.
limit_request_field_size = 1 << 20
limit_request_fields = 1000

# Seconds after which a process whose main thread does nothing at all is killed. A request may take
# longer: nginx decides about that.
timeout = 30
# When the container stops, nginx has finished before; this is for a process that is replaced.
graceful_timeout = 230

# Its heartbeat is a file, which must not be on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else found.settings.run  # noqa: S108
# gunicorn's own remote control is not used; it would want a HOME to write to.
control_socket_disable = True

# Both outputs are the container's; the plugin gives the lines their form once it is loaded.
errorlog = "-"
loglevel = "warning"

# Importing makes hundreds of thousands of objects that all stay; looking for garbage meanwhile
# costs a sixth of the start (1.45 s of a CPU instead of 1.2).
gc.disable()


def when_ready(_server: Any) -> None:
    """Before the first fork: leave what is loaded alone, so that its memory stays shared."""
    gc.collect()
    gc.freeze()
    gc.enable()
    try:
        os.write(NOTIFICATION_FD, b"\n")
        os.close(NOTIFICATION_FD)
    except OSError:
        logger.debug("Nobody waits for this gunicorn to be ready.")


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """Have a process that has grown too much finish what it does, and be replaced."""
    if worker.nr % MEMORY_INTERVAL or not worker.alive:
        return
    used = _resident_bytes()
    if used > found.sizes.process_memory:
        worker.alive = False
        logger.warning(
            "Process %d uses %d MB: a fresh one takes its place.", worker.pid, used >> 20
        )


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
