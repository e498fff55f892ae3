"""`kolibri manage azure_worker`: the background workers, without a web server."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.instances import worker_main
from kolibri_azure_plugin.instances.termination import END_WITH_PARENT


class Command(BaseCommand):
    """Runs until it is stopped."""

    help = (
        "Run Kolibri's background workers while no other instance does, and stand by otherwise. "
        "Use it next to a web server that starts no workers, such as gunicorn."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            END_WITH_PARENT,
            action="store_true",
            help="End when standard input is closed, too.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not uses_postgresql():
            raise CommandError(
                "This command needs PostgreSQL: on SQLite, Kolibri runs its own workers."
            )
        worker_main.run(end_with_parent=options["end_with_parent"])
