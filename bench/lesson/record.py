"""Records what Chromium asks for while a learner and a coach use Kolibri.

    python -m bench.lesson.record [FILE]

Runs Kolibri with the plugin and the school of the lesson, and writes the requests to the API in
order, by scene, with names in place of ids (`bench.lesson.mix`). The page's clock is moved on where
Kolibri's interface waits: it saves the time spent from time to time, and tells the server every
four minutes whether the learner is still there. Prints which of the requests the mixes leave out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.deployment import deployment_to_measure
from bench.lesson.recorded import MIXES, RECORDING, first_missing, left_out
from bench.lesson.scenes import SCENES, Visitor
from bench.lesson.school import seed_data
from bench.lesson.wire import Wire
from devtools.browser import browser_page
from devtools.deployment import Deployment
from devtools.instances import start_gunicorn


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDING
    with deployment_to_measure() as (deployment, _postgres, _azure):
        deployment.provision()
        recorded = record(deployment)
    file.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for scene, mix in MIXES.items():
        missing = first_missing(recorded[scene], mix)
        if missing:
            raise SystemExit(f"{scene}: Chromium did not ask for {missing}, or not in this order")
        print(f"{scene}: {len(recorded[scene])} requests; not in the mix:")
        print(*left_out(recorded[scene], mix), sep="\n")


def record(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    """Play all scenes on a provisioned deployment; return the requests of each."""
    recorded = {}
    folder = deployment.home.with_name("furniture")
    folder.mkdir()
    deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    seed_data(deployment, folder)
    with start_gunicorn(deployment) as server:
        server.wait_until_serving()
        for scene, play in SCENES.items():
            with browser_page() as page:
                wire = Wire(page, server.url)
                try:
                    play(Visitor(page, server.url, wire))
                except Exception:
                    print(*wire.requests(), sep="\n", file=sys.stderr)
                    raise
                recorded[scene] = wire.requests()
    return recorded


if __name__ == "__main__":
    main()
