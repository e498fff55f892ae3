"""Wraps Kolibri's import of a channel's database into PostgreSQL."""

from __future__ import annotations

import logging
from typing import Any, Callable

from kolibri_azure_plugin.content.channels.coercion import Changes, fit
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

#: COPY's escapes for the characters that end a value or a row.
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
NULL = r"\N"


def coerce_imported_values(import_table: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `postgres_table_import`: make each value fit its column."""

    @wraps(import_table)
    def import_fitting_values(manager: Any, model: Any, row_mapper: Any, table_mapper: Any) -> Any:
        changes: Changes = Changes()
        table = manager.destination.get_table(model)
        fits = {name: fit(column, changes) for name, column in table.columns.items()}

        def mapper(record: Any, column: str) -> Any:
            return fits[column](row_mapper(record, column))

        result = import_table(manager, model, mapper, table_mapper)
        for change, count in changes.items():
            logger.warning(
                "Channel %s, table %s: %d %s.",
                manager.channel_id,
                table.name,
                count,
                change,
            )
        return result

    return import_fitting_values


def escape_for_copy(clean: Callable[[Any], str]) -> Callable[[Any], str]:
    """Replace `clean_csv_value`, which does not escape backslashes."""

    @wraps(clean)
    def escaped(value: Any) -> str:
        return NULL if value is None else str(value).translate(ESCAPES)

    return escaped


def recheck_under_lock(check: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap `check_and_delete_existing_channel`, the first step of the import's transaction.

    Kolibri read the current channel and the tree id before this transaction got its lock. Another
    import may have changed both in the meantime, so read them again.
    """

    @wraps(check)
    def recheck(manager: Any) -> bool:
        from kolibri.core.content.models import ChannelMetadata

        if manager.destination.engine.name == "postgresql":
            known = ChannelMetadata.objects.filter(id=manager.channel_id)
            manager.current_channel = known.first()
            own = manager.get_destination_channel_tree_id() if manager.partial else None
            manager.available_tree_id = own or manager.find_unique_tree_id()
        return check(manager)

    return recheck


def escape_ancestor_titles(annotate: Callable[[str], None]) -> Callable[[str], None]:
    """Wrap `set_channel_ancestors`, which builds JSON in SQL and escapes only quotes."""

    @wraps(annotate)
    def escaped(channel_id: str) -> None:
        annotate(channel_id)
        _rewrite_ancestors(channel_id)

    return escaped


def _rewrite_ancestors(channel_id: str) -> None:
    from kolibri.core.content.models import ContentNode

    nodes = ContentNode.objects.filter(channel_id=channel_id, kind="topic")
    if not nodes.filter(title__contains="\\").exists():
        return
    paths: dict[str | None, list[dict[str, str]]] = {None: []}
    for id_, parent, title in nodes.order_by("level").values_list("id", "parent_id", "title"):
        paths[id_] = [*paths.get(parent, []), {"id": id_, "title": title}]
        if any("\\" in ancestor["title"] for ancestor in paths[id_]):
            ContentNode.objects.filter(parent_id=id_).update(ancestors=paths[id_])
