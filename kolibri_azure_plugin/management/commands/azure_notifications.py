"""`kolibri manage azure_notifications`: notifications for coaches that wait or have failed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.facility_data.notifications import outbox


class Command(BaseCommand):
    """Shows notifications, and retries failed ones."""

    help = "Show the notifications for coaches that wait or have failed, and retry failed ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry", action="store_true", help="Retry failed notifications at once."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not uses_postgresql():
            raise CommandError(
                "On SQLite, notifications wait in Kolibri's memory, out of this command's reach."
            )
        outbox.make_table()
        if options["retry"]:
            again = counted(outbox.retry(), "notification")
            self.stdout.write(f"{again} will be retried, by any process, within seconds.")
        waiting, age, failed = outbox.state()
        self.stdout.write(f"{waiting} waiting, the longest for {age:.0f} s; {failed} failed.")
        for number, function, lane, attempts, error in outbox.failures():
            self.stdout.write(f"{number}: {function} of {lane}, {attempts} tries, {error}")
