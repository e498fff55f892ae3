"""What a report of a learner's progress reads and writes."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

MODULE = "kolibri.core.logger.api"
VIEW = "ProgressTrackingViewSet"


def _patch(name: str, known: str, wrapper: str) -> Patch:
    """One of the methods that together read and write the logs of a report."""
    return Patch(
        MODULE,
        f"{VIEW}.{name}",
        Kind.SPEED,
        known=(known,),
        wrapper=f"kolibri_azure_plugin.speed.progress_logs:{wrapper}",
        reason="The view is a fixed part of Kolibri's API, and calls its own methods.",
        evidence="The four patches of a report save 27 of 129 statements and 20 % of the time of a "
        "round of a lesson; of a report with an answer, 5 of 12 and 45 %.",
        without="A report of progress reads and writes three logs one by one.",
        postgresql_only=True,
        needs=tuple(f"{MODULE}.{VIEW}.{other}" for other in METHODS if other != name),
    )


METHODS = (
    "_get_session_log",
    "_update_summary_log",
    "_update_and_return_mastery_log_id",
    "_update_session",
)

PATCHES = (
    _patch("_get_session_log", "9b0b78d5a7ab15e5", "read_logs_together"),
    _patch("_update_summary_log", "1d62ae4970091f55", "change_summary_log"),
    _patch("_update_and_return_mastery_log_id", "2711fd620f834bca", "name_mastery_log"),
    _patch("_update_session", "4845cafb546bb689", "write_logs_together"),
)
