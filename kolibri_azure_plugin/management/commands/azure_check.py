"""``kolibri manage azure_check`` if Django is already set up, and in ``kolibri manage help``."""

from __future__ import annotations

from kolibri_azure_plugin.doctor import arguments
from kolibri_azure_plugin.management.program_command import ProgramCommand


class Command(ProgramCommand):
    """The doctor."""

    help = arguments.parser().description
    program = "kolibri_azure_plugin.doctor"
