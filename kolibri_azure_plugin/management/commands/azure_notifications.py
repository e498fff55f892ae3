"""`kolibri manage azure_notifications`: what coaches are still to be told, and what failed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.notifications import outbox


class Command(BaseCommand):
    """Shows, and has what failed tried again."""

    help = "Show which notifications for coaches wait or have failed, and have those tried again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry", action="store_true", help="Try again at once what has failed."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not uses_postgresql():
            raise CommandError("On SQLite, notifications wait in the memory of Kolibri.")
        outbox.make_table()
        if options["retry"]:
            self.stdout.write(f"{outbox.retry()} are tried again, by any process, within seconds.")
        waiting, age, failed = outbox.state()
        self.stdout.write(f"{waiting} wait, the longest for {age:.0f} s; {failed} are left to you.")
        for number, function, lane, attempts, error in outbox.failures():
            self.stdout.write(f"{number}: {function} of {lane}, {attempts} tries, {error}")
