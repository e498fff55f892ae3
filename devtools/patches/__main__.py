"""`python -m devtools.patches digest MODULE NAME`: the digest that a patch has to know."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import tempfile
from typing import Any

import kolibri  # noqa: F401 - puts its Django where Python finds it

from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.wrapping import original


def main(arguments: list[str]) -> None:
    if len(arguments) != 3 or arguments[0] != "digest":
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home:
        set_up_kolibri(home)
        module, name = arguments[1:]
        function: Any = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        print(source.digest_of(original(function)))


def set_up_kolibri(home: str) -> None:
    """Kolibri without any plugin: its models can only be imported once Django is set up."""
    os.environ.pop("KOLIBRI_PLUGIN_ENABLE", None)
    os.environ["KOLIBRI_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "kolibri.deployment.default.settings.base"
    importlib.import_module("django").setup()


if __name__ == "__main__":
    main(sys.argv[1:])
