"""The doctor with lower limits, for those that take months or a supercomputer to reach.

Usage: python -m tests.integration.lowered_limits MODULE.NAME=VALUE... -- ARGUMENTS OF THE DOCTOR
MODULE is relative to the plugin, VALUE a Python literal.
"""

from __future__ import annotations

import ast
import importlib
import sys

from kolibri_azure_plugin.doctor import __main__ as doctor
from kolibri_azure_plugin.doctor.exit_code import flush_and_exit


def main(words: list[str]) -> int:
    separator = words.index("--")
    for word in words[:separator]:
        path, _, value = word.partition("=")
        module, _, name = path.rpartition(".")
        owner = importlib.import_module(f"kolibri_azure_plugin.{module}")
        assert hasattr(owner, name)
        setattr(owner, name, ast.literal_eval(value))
    return doctor.main(words[separator + 1 :])


if __name__ == "__main__":
    flush_and_exit(main(sys.argv[1:]))
