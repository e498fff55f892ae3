"""``kolibri manage azure_backup`` if Django is already set up, and in ``kolibri manage help``."""

from __future__ import annotations

from kolibri_azure_plugin.facility_data.backups import arguments
from kolibri_azure_plugin.management.program_command import ProgramCommand


class Command(ProgramCommand):
    """The program of backups."""

    help = arguments.parser().description
    program = "kolibri_azure_plugin.facility_data.backups"
