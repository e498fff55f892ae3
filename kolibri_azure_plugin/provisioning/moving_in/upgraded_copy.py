"""The copy of a home, brought to this version of Kolibri and served on the loopback interface."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in import room
from kolibri_azure_plugin.provisioning.moving_in.copy_process import LOOPBACK
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy

PROGRAM = ("-m", "kolibri_azure_plugin.provisioning.moving_in.copy_process")

#: The only variables that the copy's process inherits: neither settings nor secrets of the
#: deployment, nor any of Kolibri's.
INHERITED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "TMPDIR")

#: The port of this machine that no program listens on, by convention: connections are refused.
NOWHERE = f"http://{LOOPBACK}:9"

#: The copy announces itself to no one, reports to no one and asks no server for anything.
ALONE = {
    "KOLIBRI_LISTEN_ADDRESS": LOOPBACK,
    "KOLIBRI_ZEROCONF_ENABLED": "0",
    "KOLIBRI_DISABLE_PING": "1",
    "KOLIBRI_CENTRAL_CONTENT_BASE_URL": NOWHERE,
    "KOLIBRI_DATA_PORTAL_SYNCING_BASE_URL": NOWHERE,
}

#: Lines of its log in the message of a failure.
LINES_SHOWN = 3


class UpgradedCopy:
    """The copy's process; see copy_process.py for the orders."""

    def __init__(self, copy: HomeCopy, process: subprocess.Popen[str], answers: Any) -> None:
        self._copy, self._process, self._answers = copy, process, answers

    def serialize(self, counter: int) -> None:
        """Write all changed records to Morango's store, under this number."""
        self.order("serialize", counter)

    def sign(self, dataset: str, public_key: str) -> list[dict[str, Any]] | None:
        """A certificate for a facility's whole data, after those that it rests on."""
        chain: list[dict[str, Any]] | None = self.order("sign", dataset, public_key)
        return chain

    def serve(self) -> str:
        """Begin to serve the copy; return its address."""
        return f"http://{LOOPBACK}:{self.order('serve')}"

    def order(self, name: str, *arguments: object) -> Any:
        """Give an order, and wait for the answer.

        :raises MovingInError: when the process failed or ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([name, arguments]) + "\n")
            self._process.stdin.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise _failed(self._copy, f"its process ended with {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise _failed(self._copy, str(answer["error"]))
        return answer["answer"]


@contextlib.contextmanager
def upgraded(copy: HomeCopy, identity: str) -> Iterator[UpgradedCopy]:
    """Run Kolibri in the copy, which first upgrades it; its process ends with the block.

    :param identity: the name of the device as which the copy syncs. It must not be the school's
        device: that one will give other records the same numbers.
    """
    reading, writing = os.pipe()
    environment = _environment(copy, identity)
    with open(_log(copy), "ab") as log, os.fdopen(reading, encoding="utf-8") as answers:
        process = subprocess.Popen(
            [sys.executable, *PROGRAM, str(writing)],
            env=environment,
            cwd=copy.home,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            text=True,
            encoding="utf-8",
        )
        os.close(writing)
        try:
            upgraded_copy = UpgradedCopy(copy, process, answers)
            upgraded_copy.order("upgrade")
            yield upgraded_copy
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def _environment(copy: HomeCopy, identity: str) -> Mapping[str, str]:
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        **ALONE,
        "HOME": copy.home,
        "KOLIBRI_HOME": copy.home,
        "MORANGO_SYSTEM_ID": identity,
        "MORANGO_NODE_ID": identity,
    }


def _log(copy: HomeCopy) -> str:
    return os.path.join(copy.home, "copy.log")


def _failed(copy: HomeCopy, found: str) -> MovingInError:
    with open(_log(copy), encoding="utf-8", errors="replace") as log:
        said = log.read()
    # The log itself may have found no room.
    if room.has_none(copy.home) or "disk is full" in said or "No space left on device" in said:
        return room.none_left(copy.home, "the upgrade of the copy", room.free_mebibytes(copy.home))
    lines = [line for line in said.splitlines() if "ERROR" in line or "Error" in line]
    return MovingInError(
        f"The copy of {copy.path} could not be prepared for the import.",
        expected="a database that Kolibri can upgrade and serve",
        found="\n".join([found, *lines[-LINES_SHOWN:]]),
        remedy="Start Kolibri at the school, which upgrades or repairs its database, stop it, and "
        "copy the home again.",
        code="moving-in-upgrade",
    )
