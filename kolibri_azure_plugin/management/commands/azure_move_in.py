"""`kolibri manage azure_move_in`: moves another Kolibri's home into this deployment."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in import following
from kolibri_azure_plugin.provisioning.moving_in.folder import Folder
from kolibri_azure_plugin.provisioning.moving_in.work import Request

DESCRIPTION = """\
Move another Kolibri's home into this deployment: its facilities, with users, classes, lessons,
quizzes and all of the learners' work, and its channels.

PATH is a home as copied from a school's server (usually .kolibri), as a folder, a zip file or a tar
file, of Kolibri 0.15 or newer on SQLite. It is never changed. Passwords stay as they are, and none
is asked for. Afterwards, the school's server can sync with this site.

The work goes on when this shell ends. To follow it, run the same command again. After an
interruption, the same command continues. When everything is here, it changes nothing.
"""

EXAMPLES = """\
examples:
  See what would come:
    kolibri manage azure_move_in /data/backups/school.zip --dry-run
  Move in one of two facilities, without channels:
    kolibri manage azure_move_in /data/backups/school.zip --facility "Hill School" --no-content
"""


class Command(BaseCommand):
    """Starts the work, or follows it."""

    help = DESCRIPTION

    def create_parser(self, *arguments: Any, **keywords: Any) -> CommandParser:
        parser: CommandParser = super().create_parser(*arguments, **keywords)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", help="The home: a folder, a zip or a tar file.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say what would come. Imports nothing."
        )
        parser.add_argument(
            "--facility",
            action="append",
            default=[],
            metavar="NAME",
            help="The name or the id of a facility that should come, instead of all of them. Can "
            "be repeated.",
        )
        parser.add_argument("--no-content", action="store_true", help="Leave the channels out.")
        parser.add_argument(
            "--keep-superusers",
            action="store_true",
            help="Give superusers of the home the same right here. Without this option, they are "
            "named, and come as the users that they are in their facility.",
        )
        parser.add_argument("--work", default="", help=argparse.SUPPRESS)

    def handle(self, *_args: Any, **options: Any) -> None:
        if not uses_postgresql():
            raise CommandError("This command needs PostgreSQL. On SQLite, use the home itself.")
        folder = Folder(KOLIBRI_HOME)
        if options["work"]:
            sys.exit(0 if following.do_work(options["work"], folder) else 1)
        request = Request(
            os.path.abspath(options["path"]),
            tuple(options["facility"]),
            dry_run=options["dry_run"],
            content=not options["no_content"],
            keep_superusers=options["keep_superusers"],
        )
        try:
            succeeded = following.start_or_follow(request, folder, sys.stdout)
        except MovingInError as error:
            raise CommandError(error.instructions()) from error
        if not succeeded:
            sys.exit(1)
