"""Whether the container answers: exit code 0 if so. What HEALTHCHECK of the image runs."""

from __future__ import annotations

import os
import sys
import urllib.request

TIMEOUT_SECONDS = 4


def main() -> None:
    run = os.environ.get("KOLIBRI_CONTAINER_RUN") or "/tmp/kolibri"  # noqa: S108
    if not os.path.exists(os.path.join(run, "services", "nginx")):
        # Workers alone listen nowhere, and a command that is passed through ends by itself.
        return
    address = os.environ.get("KOLIBRI_LISTEN_ADDRESS", "").strip("[]") or "127.0.0.1"
    host = f"[{address}]" if ":" in address else address
    port = os.environ.get("PORT") or os.environ.get("WEBSITES_PORT") or "8080"
    # A proxy for the way out is none for the way in.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"http://{host}:{port}/azure/health/live", timeout=TIMEOUT_SECONDS).close()
    except OSError as error:
        sys.exit(f"/azure/health/live on port {port}: {error}")


if __name__ == "__main__":
    main()
