"""Changes that Kolibri's next version might bring, one for each kind of patch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

from devtools import changed_kolibri
from devtools.deployment import Deployment

from .world import Plant, World

#: Here the plugin prevents Kolibri from serving uploads and exports.
SAFETY = {"utils/kolibri_whitenoise.py": ('"max_age": 120,', '"max_age": 60 * 2,')}

#: Here the plugin changes the names of exports.
CORRECTNESS = {
    "core/logger/tasks.py": (
        "valid_logs_filenames.union(valid_users_filenames)",
        "valid_logs_filenames | valid_users_filenames",
    )
}

#: The same function under another name.
GONE = {"core/logger/tasks.py": ("get_valid_filenames", "find_valid_filenames")}

#: Here the plugin reads the language once in a request.
SPEED = {
    "core/device/translation.py": (
        'language_id = get_device_setting("language_id")\n    try:',
        'language_id = get_device_setting("language_id") or None\n    try:',
    )
}

WHITENOISE = "kolibri.utils.kolibri_whitenoise.DynamicWhiteNoise.__init__"
FILENAMES = "kolibri.core.logger.tasks.get_valid_filenames"
LANGUAGE = "kolibri.core.device.translation.get_device_language"


def change_kolibri(deployment: Deployment, changes: Mapping[str, tuple[str, str]]) -> None:
    """Start all later processes with these changes in Kolibri."""
    folder = changed_kolibri.make(deployment.home.with_name("changed"), changes)
    path = (str(folder), deployment.environment["PYTHONPATH"])
    deployment.environment["PYTHONPATH"] = os.pathsep.join(path)


def changed(changes: Mapping[str, tuple[str, str]], **variables: str) -> Plant:
    """The same, as a fault with more environment variables."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        change_kolibri(world.deployment, changes)
        world.deployment.environment.update(variables)
        yield

    return plant
