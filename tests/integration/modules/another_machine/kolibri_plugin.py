"""Kolibri imports this before anything asks what machine this is."""

from __future__ import annotations

import os
import platform
import uuid

import ifcfg
from kolibri.plugins import KolibriPluginBase

NUMBER = "ANOTHER_MACHINE_NUMBER"


class AnotherMachine(KolibriPluginBase):
    """Has nothing to show."""


number = int(os.environ[NUMBER])
# The lowest bit of the first byte says that an address was made up, which Morango ignores.
uuid.getnode = lambda: 0x0A0000000000 + number
platform.node = lambda: f"machine-{number}"
ifcfg.interfaces = dict
