"""Runs Kolibri with the plugin on this machine, with everything it needs from Azure.

Starts PostgreSQL with TLS, the managed identity's endpoint and a Key Vault on 127.0.0.1. Sets up
Kolibri with a facility, an administrator, a learner and a small channel. Ctrl-C ends everything.
The data are kept, so the next run is quick.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from devtools.channel import CHANNEL_NAME
from devtools.demo.accounts import FACILITY
from devtools.demo.cloud import Cloud, running_cloud
from devtools.demo.folder import DemoFolder, FolderError
from devtools.demo.interruption import interrupt_once
from devtools.demo.leftovers import stop_leftovers
from devtools.demo.narration import say, table
from devtools.demo.site import running_site, wait_for_shutdown
from devtools.descendants import adopt_orphans, end_descendants
from devtools.kolibri_process import CommandFailedError, WebProcess
from devtools.ports import is_free
from devtools.postgres import MissingPostgresError, PostgresError
from devtools.process import ProcessEndedError

PORT = 8080
HIGHEST_PORT = 65535  # for the HTML5 port, by default the one after Kolibri's
TIDY_SECONDS = 10

#: Errors that a user can fix; their texts say how.
FAILURES = (
    CommandFailedError,
    FolderError,
    LookupError,
    MissingPostgresError,
    OSError,
    PostgresError,
    ProcessEndedError,
    subprocess.TimeoutExpired,
)


class PortTakenError(OSError):
    """Another program listens on a port that the demo needs."""


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP; return the exit code."""
    options = _parser().parse_args(arguments)
    port, zip_port = options.port, options.zip_port or options.port + 1
    interrupt_once()
    adopt_orphans()
    try:
        folder = DemoFolder.open(options.state)
        say(f"Kolibri with the Azure plugin, its data in {folder.path}:")
        stop_leftovers(folder)
        _require_free(port, "--port")
        _require_free(zip_port, "--zip-port")
        folder.prepare(fresh=options.fresh)
        with (
            running_cloud(folder) as cloud,
            running_site(folder, cloud, port=port, zip_port=zip_port) as site,
        ):
            say(_summary(folder, cloud, site))
            wait_for_shutdown(site)
    except KeyboardInterrupt:
        pass
    except FAILURES as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        end_descendants(TIDY_SECONDS)
    say("Ended: nothing is left running, the data are kept.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    default_folder = f"/var/tmp/kolibri-azure-{os.getuid()}/demo"
    add("--port", type=port_number, default=PORT, help=f"Kolibri's port; default: {PORT}")
    add("--zip-port", type=port_number, metavar="PORT", help="for HTML5; default: the next one")
    add("--state", type=Path, metavar="FOLDER", help=f"for the data; default: {default_folder}")
    add("--fresh", action="store_true", help="start over: remove the data of earlier runs")
    return parser


def port_number(text: str) -> int:
    number = int(text)
    if not 1 <= number < HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{number} is not between 1 and {HIGHEST_PORT - 1}")
    return number


def _require_free(port: int, option: str) -> None:
    if not is_free(port):
        raise PortTakenError(
            f"port {port} of 127.0.0.1 is taken by another program: stop that program, or choose "
            f'another port: make demo ARGS="{option} PORT"'
        )


def _summary(folder: DemoFolder, cloud: Cloud, site: WebProcess) -> str:
    superuser, learner = cloud.accounts.superuser, cloud.accounts.learner
    signed_in = table(
        {
            "address": site.url,
            "HTML5 content": f"{site.zip_url}, a separate origin",
            "administrator": f"{superuser.name}, password {superuser.password}",
            "learner": f"{learner.name}, password {learner.password}",
            "facility": FACILITY,
            "channel": CHANNEL_NAME,
            "database": f"{cloud.database.name}, on port {cloud.database.port} with TLS",
            "data": f"{folder.path}; --fresh removes them",
            "log": str(site.log_file),
            "commands": f". {folder.environment_file} && {sys.executable} -m kolibri manage"
            " azure_check",
            "faults": f"curl {cloud.azure.control_url} shows how to break the vault",
        }
    )
    return f"\nKolibri is ready:\n{signed_in}\n\nCtrl-C ends it.\n"


if __name__ == "__main__":
    sys.exit(main())
