"""`kolibri manage azure_worker`: the background workers, for a container that serves elsewhere."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.instances import workers
from kolibri_azure_plugin.instances.parents import END_WITH_PARENT


class Command(BaseCommand):
    """Runs until it is stopped."""

    help = (
        "Run Kolibri's background workers while no other instance does, and stand by otherwise. "
        "Use it beside a web server that starts no workers, such as gunicorn."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            END_WITH_PARENT,
            action="store_true",
            help="End also when standard input is closed.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not uses_postgresql():
            raise CommandError("Only a deployment on PostgreSQL has instances that take turns.")
        workers.run(end_with_parent=options["end_with_parent"])
