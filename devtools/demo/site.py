"""The demo's Kolibri: set up on the first run, then started."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from devtools.azure_standin.control import as_shell
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.demo.accounts import FACILITY, LEARNER, SUPERUSER
from devtools.demo.cloud import Cloud
from devtools.demo.folder import DemoFolder
from devtools.demo.narration import step
from devtools.kolibri_process import Kolibri, WebProcess
from devtools.process import ProcessEndedError, ProcessHungError

#: Kolibri takes a minute to fill an empty database, or several on a slow machine.
FIRST_START_SECONDS = 900
POLL_SECONDS = 0.5

#: Kolibri never ends if it is stopped while its web server starts. Then it is killed.
STOP_SECONDS = 15


@contextmanager
def running_site(
    folder: DemoFolder, cloud: Cloud, *, port: int, zip_port: int
) -> Iterator[WebProcess]:
    """Run Kolibri with a facility, an administrator, a learner and a channel."""
    kolibri = Kolibri(folder.home, cloud.settings(folder))
    folder.environment_file.touch(mode=0o600)
    folder.environment_file.write_text(as_shell(kolibri.environment), encoding="utf-8")
    _set_up(kolibri, folder, cloud)
    with kolibri.start(port=port, zip_port=zip_port) as site:
        try:
            with step("Kolibri: kolibri start"):
                site.wait_until_serving()
            yield site
        finally:
            with step("Kolibri: stopping"), suppress(ProcessHungError):
                site.stop(STOP_SECONDS)


def wait_for_shutdown(site: WebProcess) -> None:
    """Wait forever; raises ProcessEndedError if Kolibri ends."""
    while site.exit_code is None:
        time.sleep(POLL_SECONDS)
    raise ProcessEndedError(f"Kolibri ended with {site.exit_code}; see its log {site.log_file}")


def _set_up(kolibri: Kolibri, folder: DemoFolder, cloud: Cloud) -> None:
    """Do the missing steps according to the database: an earlier run may have been interrupted."""
    database, learner = cloud.database, cloud.accounts.learner
    if not database.is_set_up():
        with step(f"Kolibri: creating tables, facility {FACILITY} and administrator {SUPERUSER}"):
            kolibri.succeed("manage", "help", seconds=FIRST_START_SECONDS)
    if not database.has_learner():
        with step(f"Kolibri: creating the learner {LEARNER}"):
            kolibri.create_learner(learner.name, learner.password)
    if not database.has_channel():
        with step(f"Kolibri: importing the generated channel {CHANNEL_NAME}"):
            kolibri.import_channel(CHANNEL_ID, make_channel(folder.drive))
