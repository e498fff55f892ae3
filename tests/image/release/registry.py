"""A registry of container images on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from devtools.ports import free_port
from devtools.process import BackgroundProcess

PROGRAM = "docker-registry"
READY_SECONDS = 20


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry with its images in `folder`; returns the name for pushing images.

    Raises FileNotFoundError where the program is missing.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise FileNotFoundError(f"there is no {PROGRAM} here: apt-get install {PROGRAM}")
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": address, "secret": "of-the-tests"},
    }
    # It reads YAML, and JSON is YAML.
    (folder / "config.yml").write_text(json.dumps(settings))
    with BackgroundProcess(
        [program, "serve", folder / "config.yml"],
        environment=os.environ,
        folder=folder,
        log_file=folder / "log",
    ) as process:
        process.wait_until(lambda: _answers(address), "the registry to answer", READY_SECONDS)
        yield address


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.URLError:
        return False
