"""Updates of a channel whose content folder counts as an SMB share, and what they leave in it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from devtools.channel import CHANNEL_ID, make_channel

HOUR = 3600

#: Prefix of a Kolibri command: the content folder counts as an SMB share.
AS_ON_SMB = """
import os, signal, sys
from kolibri.utils import conf
from kolibri_azure_plugin.content import mounts
content = conf.OPTIONS["Paths"]["CONTENT_DIR"]
mounts.MOUNTINFO = os.path.join(conf.KOLIBRI_HOME, "mountinfo")
with open(mounts.MOUNTINFO, "w") as table:
    table.write(f"36 25 0:40 / {content} rw,relatime - cifs //server/share rw,soft\\n")
"""

CLEAN = """
from kolibri_azure_plugin.housekeeping import leftovers, rounds
print("REMOVED", rounds.clean([("files", leftovers.remove_leftovers)])["files"])
"""


def import_first_version(kolibri, drive):
    """The database file of an imported channel, in its first version."""
    kolibri.succeed("manage", "importchannel", "disk", CHANNEL_ID, make_channel(drive))
    return kolibri.home / "content" / "databases" / f"{CHANNEL_ID}.sqlite3"


def shell(kolibri, *scripts, **values):
    text = "".join(scripts[:1]) + "".join(each.format(**values) for each in scripts[1:])
    return kolibri.run("manage", "--skip-update", "shell", "-c", text)


def version(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version FROM content_channelmetadata").fetchone()[0]


def others(path):
    return sorted(set(os.listdir(path.parent)) - {path.name})


def clean(kolibri):
    done = shell(kolibri, CLEAN)
    assert done.code == 0, done.output
    return int(done.stdout.split("REMOVED ")[1].split()[0])


def backdate(path, hours):
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))
