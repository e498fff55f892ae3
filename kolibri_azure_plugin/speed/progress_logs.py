"""Reads and writes the logs of a learner's progress with one statement each.

A third of a lesson's requests report progress. Each changes up to three rows: the log of the visit,
that of the resource, and that of the current try at an exercise or quiz. Kolibri reads and writes
them one by one (0.19.5, core/logger/api.py), which takes three quarters of the request's time.

Whatever is unusual goes Kolibri's own way: an anonymous visitor, a missing row, a row of another
facility.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from django.db import DatabaseError, connection

from kolibri_azure_plugin.wrapping import wraps

#: The attribute of a view, made for one request, that has its logs.
LOGS = "azure_progress_logs"

#: The columns that a report of progress depends on, by the names of the models' attributes. Others
#: are loaded when they are needed.
SESSION = ("id", "dataset_id", "user_id", "content_id", "progress", "time_spent", "extra_fields")
SUMMARY = ("id", "dataset_id", "user_id", "content_id", "progress", "time_spent")
MASTERY = (
    "id",
    "dataset_id",
    "user_id",
    "summarylog_id",
    "mastery_level",
    "mastery_criterion",
    "complete",
    "time_spent",
)


@dataclasses.dataclass
class Logs:
    """The logs that one request changes.

    :param mastery: None where the resource has no tries, as a video.
    :param changes: each log that has been changed, with the names of its changed fields.
    """

    session: Any
    summary: Any
    mastery: Any
    changes: list[tuple[Any, Sequence[str]]] = dataclasses.field(default_factory=list)


def read_logs_together(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``ProgressTrackingViewSet._get_session_log``: read the other logs, too."""

    @wraps(read)
    def get_session_log(self: Any, session_id: str, user: Any) -> Any:
        logs = None if user.is_anonymous else _read(session_id, user)
        setattr(self, LOGS, logs)
        if logs is None:
            return read(self, session_id, user)
        _precache_dataset_id(logs.session)
        return logs.session

    return get_session_log


def write_logs_together(update: Callable[..., Any]) -> Callable[..., Any]:
    """Replace ``ProgressTrackingViewSet._update_session``: change all logs, then write them."""
    from kolibri.core.logger.api import LogContext

    @wraps(update)
    def update_session(self: Any, session_id: str, user: Any, now: Any, data: Any) -> Any:
        session = self._get_session_log(session_id, user)
        logs: Logs | None = getattr(self, LOGS)
        if logs is None:
            return update(self, session_id, user, now, data)
        context = LogContext(**session.extra_fields.get("context", {}))
        if "quiz_id" in context:
            self._check_quiz_permissions(user, context["quiz_id"])
        logs.changes.append((session, self._update_content_log(session, now, data)))
        summary = self._update_summary_log(user, session, now, data, context)
        complete = summary.progress >= 1
        if logs.mastery:
            _change_mastery(self, logs, complete, data.get("time_spent_delta"), now, context)
        _write(logs.changes)
        return {"complete": complete}, summary.id, context

    return update_session


def change_summary_log(update: Callable[..., Any]) -> Callable[..., Any]:
    """Replace ``ProgressTrackingViewSet._update_summary_log``: change the log, but don't write."""

    @wraps(update)
    def update_summary_log(
        self: Any, user: Any, session: Any, now: Any, data: Any, context: Any
    ) -> Any:
        logs: Logs | None = getattr(self, LOGS)
        if logs is None:
            return update(self, user, session, now, data, context)
        summary = logs.summary
        was_complete = summary.progress >= 1
        fields = [*self._update_content_log(summary, now, data)]
        if summary.progress >= 1 and not was_complete:
            summary.completion_timestamp = now
            fields.append("completion_timestamp")
            self._process_completed_notification(summary, context)
        if "extra_fields" in data:
            summary.extra_fields = data["extra_fields"]
            fields.append("extra_fields")
        logs.changes.append((summary, fields))
        return summary

    return update_summary_log


def name_mastery_log(update: Callable[..., Any]) -> Callable[..., Any]:
    """Replace ``ProgressTrackingViewSet._update_and_return_mastery_log_id``.

    The log has been written together with the others.
    """

    @wraps(update)
    def update_and_return_mastery_log_id(self: Any, *arguments: Any) -> Any:
        logs: Logs | None = getattr(self, LOGS)
        if logs is None:
            return update(self, *arguments)
        return logs.mastery.id if logs.mastery else None

    return update_and_return_mastery_log_id


def _change_mastery(
    view: Any, logs: Logs, complete: bool, spent: float | None, now: Any, context: Any
) -> None:
    """Change the log of a try as Kolibri's `_update_and_return_mastery_log_id` does."""
    mastery = logs.mastery
    fields = []
    if spent:
        mastery.time_spent = (mastery.time_spent or 0) + spent
        fields.append("time_spent")
    if complete and not mastery.complete:
        mastery.complete = True
        mastery.completion_timestamp = now
        fields += ["complete", "completion_timestamp"]
        view._process_masterylog_completed_notification(mastery, context)  # noqa: SLF001
    else:
        view._check_quiz_log_permissions(mastery)  # noqa: SLF001
    if fields:
        mastery.end_timestamp = now
        logs.changes.append((mastery, [*fields, "end_timestamp"]))


def _read(session_id: str, user: Any) -> Logs | None:
    """The logs of a learner's visit, or None if they are not as usual."""
    sessions, summaries, masteries = _tables()
    try:
        visit = _meta(sessions.model).pk.get_db_prep_value(session_id, connection)
    except ValueError:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [visit, user.id])
        rows = [iter(row) for row in cursor.fetchall()]
    # Each row is one try, or none, of the same resource.
    found = [(sessions.log(row), summaries.log(row), masteries.log(row)) for row in rows]
    if not found:
        return None
    session, summary, _ = found[0]
    level = session.extra_fields.get("context", {}).get("mastery_level")
    mastery = next((each for *_, each in found if each and each.mastery_level == level), None)
    if summary is None or (level is not None and mastery is None):
        return None
    present = [log for log in (session, summary, mastery) if log]
    if any(log.dataset_id != user.dataset_id for log in present):
        return None
    # Kolibri refuses to save others.
    if session.progress < 0 or not 0 <= summary.progress <= 1:
        return None
    return Logs(session, summary, mastery)


@dataclasses.dataclass(frozen=True)
class _Table:
    """A model, and the fields of it that are read."""

    model: Any
    fields: tuple[Any, ...]

    @property
    def name(self) -> str:
        return _meta(self.model).db_table

    def log(self, row: Iterator[Any]) -> Any:
        """The next part of a row as a log with these fields; None where there is no such log."""
        values = [_from_database(field, next(row)) for field in self.fields]
        if all(value is None for value in values):
            return None
        return self.model.from_db(connection.alias, [f.attname for f in self.fields], values)


@functools.cache
def _tables() -> tuple[_Table, _Table, _Table]:
    from kolibri.core.logger.models import ContentSessionLog, ContentSummaryLog, MasteryLog

    def table(model: Any, names: Sequence[str]) -> _Table:
        # Django expects the fields in the model's order.
        fields = [field for field in _meta(model).concrete_fields if field.attname in names]
        return _Table(model, tuple(fields))

    return (
        table(ContentSessionLog, SESSION),
        table(ContentSummaryLog, SUMMARY),
        table(MasteryLog, MASTERY),
    )


@functools.cache
def _statement() -> str:
    session, summary, mastery = (table.name for table in _tables())
    columns = [
        f'{alias}."{field.column}"'
        for alias, table in zip(("session", "summary", "mastery"), _tables())
        for field in table.fields
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {session} AS session"  # noqa: S608 - names of models
        f" LEFT JOIN {summary} AS summary"
        " ON summary.user_id = session.user_id AND summary.content_id = session.content_id"
        f" LEFT JOIN {mastery} AS mastery"
        " ON mastery.summarylog_id = summary.id AND mastery.user_id = session.user_id"
        " WHERE session.id = %s AND session.user_id = %s"
    )


def _from_database(field: Any, value: Any) -> Any:
    """The value of a field as Django has it. That of a foreign key is of the kind it points to."""
    convert = getattr(getattr(field, "target_field", field), "from_db_value", None)
    return convert(value, None, connection) if convert else value


def _write(changes: Sequence[tuple[Any, Sequence[str]]]) -> None:
    """Write the changed fields of each log, and mark it as changed for the next sync."""
    updates, values = [], []
    for log, names in changes:
        log._morango_dirty_bit = True  # noqa: SLF001 - as morango's own save does
        fields = [_meta(log).get_field(name) for name in ("_morango_dirty_bit", *names)]
        assigned = ", ".join(f'"{field.column}" = %s' for field in fields)
        table = _meta(log).db_table  # The statement has only names of models, and no values.
        updates.append(f"UPDATE {table} SET {assigned} WHERE id = %s RETURNING id")  # noqa: S608
        new = {field: getattr(log, field.attname) for field in fields}
        values += [field.get_db_prep_save(value, connection) for field, value in new.items()]
        values.append(log.id)
    named = ", ".join(f"log_{index} AS ({update})" for index, update in enumerate(updates))
    counts = " + ".join(f"(SELECT count(*) FROM log_{index})" for index in range(len(updates)))  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {named} SELECT {counts}", values)
        (written,) = cursor.fetchone()
    if written != len(updates):
        raise DatabaseError("Save with update_fields did not affect any rows.")


def _precache_dataset_id(session: Any) -> None:
    """Tell the log of an answer, which asks for the facility of its visit."""
    from kolibri.core.auth.models import dataset_cache

    key = session.get_related_dataset_cache_key(session.id, _meta(session).db_table)
    dataset_cache.set(key, session.dataset_id)


def _meta(model: Any) -> Any:
    """https://docs.djangoproject.com/en/3.2/ref/models/meta/ documents this attribute."""
    return model._meta  # noqa: SLF001
