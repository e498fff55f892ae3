"""The demo's Kolibri: set up on the first run, then started."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from devtools.azure_standin.control import as_shell
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.demo.accounts import FACILITY, LEARNER, SUPERUSER
from devtools.demo.cloud import Cloud
from devtools.demo.folder import DemoFolder
from devtools.demo.narration import step
from devtools.kolibri_process import Kolibri, WebProcess
from devtools.process import ProcessEndedError

#: Filling an empty database takes Kolibri a minute, on a slow machine several.
FIRST_START_SECONDS = 900
POLL_SECONDS = 0.5

#: For ever is what Kolibri takes when it is told to end while its web server starts.
STOP_SECONDS = 15


@contextmanager
def running_site(
    folder: DemoFolder, cloud: Cloud, *, port: int, zip_port: int
) -> Iterator[WebProcess]:
    """Kolibri with a facility, an administrator, a learner and a channel; stopped at the end."""
    kolibri = Kolibri(folder.home, cloud.settings(folder))
    folder.environment_file.touch(mode=0o600)
    folder.environment_file.write_text(as_shell(kolibri.environment), encoding="utf-8")
    _set_up(kolibri, folder, cloud)
    with kolibri.start(port=port, zip_port=zip_port) as site:
        try:
            with step("Kolibri: kolibri start"):
                site.wait_until_it_answers()
            yield site
        finally:
            with step("Kolibri: stopping"):
                site.stop(STOP_SECONDS)


def wait_for_the_end(site: WebProcess) -> None:
    """Return never; raises ProcessEndedError when Kolibri ends by itself."""
    while site.exit_code is None:
        time.sleep(POLL_SECONDS)
    raise ProcessEndedError(f"Kolibri ended with {site.exit_code}; see its log {site.log_file}")


def _set_up(kolibri: Kolibri, folder: DemoFolder, cloud: Cloud) -> None:
    """Do what is not done yet, as the database says: an earlier run may have been interrupted."""
    database, learner = cloud.database, cloud.accounts.learner
    if not database.is_set_up():
        with step(f"Kolibri: making its tables, facility {FACILITY} and administrator {SUPERUSER}"):
            kolibri.succeed("manage", "help", seconds=FIRST_START_SECONDS)
    if not database.has_learner():
        with step(f"Kolibri: making the learner {LEARNER}"):
            kolibri.create_learner(learner.name, learner.password)
    if not database.has_channel():
        with step(f"Kolibri: importing the channel {CHANNEL_NAME}, made on the spot"):
            kolibri.import_channel(CHANNEL_ID, make_channel(folder.drive))
