"""Around Kolibri's import of a channel's database into PostgreSQL."""

from __future__ import annotations

import logging
from typing import Any, Callable

from kolibri_azure_plugin.channels.fitting import Changes, fit
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

#: How COPY writes what would end a value or a row.
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
NULL = r"\N"


def import_what_fits(import_table: Callable[..., Any]) -> Callable[..., Any]:
    """Around `postgres_table_import`: the values are made to fit."""

    @wraps(import_table)
    def fitting(manager: Any, model: Any, row_mapper: Any, table_mapper: Any) -> Any:
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

    return fitting


def write_as_copy_reads(clean: Callable[[Any], str]) -> Callable[[Any], str]:
    """In place of `clean_csv_value`, which leaves backslashes to be read as escapes."""

    @wraps(clean)
    def escaped(value: Any) -> str:
        return NULL if value is None else str(value).translate(ESCAPES)

    return escaped


def look_again_when_it_is_our_turn(check: Callable[..., bool]) -> Callable[..., bool]:
    """Around `check_and_delete_existing_channel`, the first step of the import's transaction.

    What it goes by was read before the transaction began, and has to wait for others' to end.
    """

    @wraps(check)
    def look_again(manager: Any) -> bool:
        from kolibri.core.content.models import ChannelMetadata

        if manager.destination.engine.name == "postgresql":
            known = ChannelMetadata.objects.filter(id=manager.channel_id)
            manager.current_channel = known.first()
            own = manager.get_destination_channel_tree_id() if manager.partial else None
            manager.available_tree_id = own or manager.find_unique_tree_id()
        return check(manager)

    return look_again


def escape_titles_of_ancestors(annotate: Callable[[str], None]) -> Callable[[str], None]:
    """Around `set_channel_ancestors`, which puts JSON together in SQL and escapes quotes only."""

    @wraps(annotate)
    def escaped(channel_id: str) -> None:
        annotate(channel_id)
        _mend_ancestors(channel_id)

    return escaped


def _mend_ancestors(channel_id: str) -> None:
    from kolibri.core.content.models import ContentNode

    nodes = ContentNode.objects.filter(channel_id=channel_id, kind="topic")
    if not nodes.filter(title__contains="\\").exists():
        return
    paths: dict[str | None, list[dict[str, str]]] = {None: []}
    for id_, parent, title in nodes.order_by("level").values_list("id", "parent_id", "title"):
        paths[id_] = [*paths.get(parent, []), {"id": id_, "title": title}]
        if any("\\" in ancestor["title"] for ancestor in paths[id_]):
            ContentNode.objects.filter(parent_id=id_).update(ancestors=paths[id_])
