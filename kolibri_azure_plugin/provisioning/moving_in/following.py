"""Starts the work in a process of its own, and follows it from any shell."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO, Any

from kolibri_azure_plugin.errors import KolibriAzureError, MovingInError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.provisioning.moving_in import work
from kolibri_azure_plugin.provisioning.moving_in.display import display
from kolibri_azure_plugin.provisioning.moving_in.folder import Folder
from kolibri_azure_plugin.provisioning.moving_in.progress import ENDED, STARTED, ProgressFile
from kolibri_azure_plugin.provisioning.moving_in.work import Request

#: Seconds between two looks at the progress.
POLL = 0.2

#: Seconds until a work that was started has written its first line: Kolibri's own start included.
START_TIMEOUT = 300.0

COMMAND = "azure_move_in"

NICENESS = 10

#: The largest value. Any process may raise its own.
FIRST_TO_END = "1000"


def start_or_follow(request: Request, folder: Folder, out: IO[str]) -> bool:
    """Start the work unless it runs already, and follow it to its end; True if it succeeded.

    :raises MovingInError: when another work runs, or this one can't start.
    """
    if folder.is_claimed():
        lines = _lines(folder)
        about = next(lines)
        _require_same(request, about)
        out.write("This work is already running. Following it.\n")
    else:
        process = _start(request, folder)
        lines = _wait_for(process, folder)
    return _follow(lines, out)


def do_work(text: str, folder: Folder) -> bool:
    """Do the work in this process; True if it succeeded.

    :param text: the request, as JSON.
    """
    request = Request(**{**json.loads(text), "facilities": tuple(json.loads(text)["facilities"])})
    with folder.claimed() as claimed:
        if not claimed:
            sys.stderr.write("Another home is moving in: run the same command again.\n")
            return False
        _give_way()
        progress = ProgressFile(folder.progress)
        progress.start(process=os.getpid(), request=dataclasses.asdict(request))
        try:
            work.run(request, folder, progress)
        except BaseException as error:
            progress.end(error=redact(work.instructions(error)))
            if isinstance(error, KolibriAzureError):
                return False
            raise
        progress.end()
        return True


def _give_way() -> None:
    """Leave processor and memory to the site: if memory runs out, this work ends, not the site."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write(FIRST_TO_END)


def _start(request: Request, folder: Folder) -> subprocess.Popen[bytes]:
    """Start the process, which outlives this one, its shell and its terminal."""
    text = json.dumps(dataclasses.asdict(request))
    command = [sys.executable, "-m", "kolibri", "manage", "--skip-update", COMMAND, request.path]
    with open(folder.output, "wb") as output:
        return subprocess.Popen(
            [*command, "--work", text],
            cwd=folder.path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_for(process: subprocess.Popen[bytes], folder: Folder) -> Iterator[dict[str, Any]]:
    """The lines of the work that has just been started."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        lines = _lines(folder)
        about = next(lines, {})
        if about.get("process") == process.pid:
            return lines
        if process.poll() is not None:
            break
        time.sleep(POLL)
    with open(folder.output, encoding="utf-8", errors="replace") as output:
        said = output.read().splitlines()
    raise MovingInError(
        "The work could not be started.",
        expected="a process that begins within minutes",
        found="\n".join(said[-3:]) or "no output",
        remedy=f"Read {folder.output}, and run the same command again.",
        code="moving-in-start",
    )


def _lines(folder: Folder) -> Iterator[dict[str, Any]]:
    """Each line of the progress file, as it is written; ends when no process works any more."""
    try:
        file = open(folder.progress, encoding="utf-8")  # noqa: SIM115
    except FileNotFoundError:
        return
    with file:
        partial = ""
        while True:
            claimed = folder.is_claimed()
            partial += file.readline()
            if partial.endswith("\n"):
                yield json.loads(partial)
                partial = ""
            elif not claimed:
                return
            else:
                time.sleep(POLL)


def _follow(lines: Iterator[dict[str, Any]], out: IO[str]) -> bool:
    shown = display(out)
    try:
        for line in lines:
            if line["kind"] == ENDED:
                shown.close()
                if line["error"]:
                    out.write(f"{line['error']}\n")
                return not line["error"]
            if line["kind"] != STARTED:
                shown.show(line)
    except KeyboardInterrupt:
        shown.close()
        out.write("The work goes on. To follow it again, run the same command.\n")
        return True
    shown.close()
    out.write(
        "The work was interrupted: its process has ended. Nothing is half imported. To continue, "
        "run the same command again.\n"
    )
    return False


def _require_same(request: Request, about: dict[str, Any]) -> None:
    there = about.get("request", {})
    if json.loads(json.dumps(dataclasses.asdict(request))) != there:
        raise MovingInError(
            "Another home is moving in, or the same one with other options.",
            expected="one at a time",
            found=f"process {about.get('process')}, for {there.get('path')}",
            remedy="Wait until it has ended, and run the same command again. To follow it, run the "
            "command that started it.",
            code="moving-in-running",
        )
