"""Prints the digest of a function to patch, and writes the page of all patches.

Usage: python -m devtools.patches digest MODULE NAME
       python -m devtools.patches write
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import tempfile
from typing import Any

import kolibri  # noqa: F401 - puts its Django where Python finds it

from devtools.patches import page
from kolibri_azure_plugin.configuration import base_settings
from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.wrapping import original


def main(arguments: list[str]) -> None:
    if arguments[1:] == ["write"]:
        page.PAGE.write_text(page.page(), encoding="utf-8")
    elif len(arguments) == 4 and arguments[1] == "digest":
        print_digest(*arguments[2:])
    else:
        sys.exit(__doc__)


def print_digest(module: str, name: str) -> None:
    """Print the digest of a function in the installed Kolibri."""
    with tempfile.TemporaryDirectory() as home:
        set_up_kolibri(home)
        function: Any = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        print(source.digest_of(original(function)))


def set_up_kolibri(home: str) -> None:
    """Set up Kolibri without plugins, because importing its models requires a Django setup."""
    os.environ.pop("KOLIBRI_PLUGIN_ENABLE", None)
    os.environ["KOLIBRI_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = base_settings.NAME
    importlib.import_module("django").setup()


if __name__ == "__main__":
    main(sys.argv)
