"""A school's stock Kolibri on SQLite: makes records and syncs them on request.

Runs in ``kolibri manage shell``. Each line on standard input requests a sync; the answer is a line
that begins with SYNCED or FAILED.
"""

from __future__ import annotations

import sys
import uuid


def main(url: str, facility: str, username: str, password: str) -> None:
    from django.core.management import call_command
    from kolibri.core.auth.models import FacilityUser

    known = FacilityUser.objects.exists()
    for _ in iter(sys.stdin.readline, ""):
        try:
            if known:
                _learn()
            call_command(
                "sync",
                baseurl=url,
                facility=facility,
                username=username,
                password=password,
                noninteractive=True,
                no_push=not known,
            )
            known = True
            print("SYNCED", flush=True)
        except (Exception, SystemExit) as error:  # noqa: BLE001, PERF203 - reported to the caller
            print("FAILED", repr(error).replace("\n", " "), flush=True)


def _learn() -> None:
    """Record what each learner of a class did in ten minutes without a network."""
    from django.utils import timezone
    from kolibri.core.auth.models import FacilityUser
    from kolibri.core.logger.models import ContentSessionLog

    for learner in FacilityUser.objects.filter(roles=None)[:10]:
        ContentSessionLog.objects.create(
            user=learner,
            dataset=learner.dataset,
            content_id=uuid.uuid4().hex,
            channel_id=uuid.uuid4().hex,
            start_timestamp=timezone.now(),
            end_timestamp=timezone.now(),
            time_spent=600,
            kind="video",
        )
