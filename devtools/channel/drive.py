"""Writes a channel in the form that Kolibri exports to a drive."""

from __future__ import annotations

import importlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devtools.channel.content import (
    CHANNEL_DESCRIPTION,
    CHANNEL_ID,
    CHANNEL_NAME,
    TOPIC_TITLE,
    File,
    Resource,
    identifier,
    resources,
    thumbnail,
)

Row = dict[str, Any]
LANGUAGE = {
    "id": "en",
    "lang_code": "en",
    "lang_subcode": None,
    "lang_name": "English",
    "lang_direction": "ltr",
}


def make_channel(drive: Path, contents: list[Resource] | None = None) -> Path:
    """Write the channel to the folder `drive`, replacing an earlier one; return the import folder.

    Kolibri must be importable, because the database uses this Kolibri's export schema. Import with
    ``kolibri manage importchannel disk ID FOLDER`` and ``importcontent disk ID FOLDER``.
    """
    contents = resources() if contents is None else contents
    data = drive / "KOLIBRI_DATA"
    content = data / "content"
    database = content / "databases" / f"{CHANNEL_ID}.sqlite3"
    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    _write_database(database, contents)
    for resource in contents:
        for each in resource.files:
            stored = content / "storage" / each.name[0] / each.name[1] / each.name
            stored.parent.mkdir(parents=True, exist_ok=True)
            stored.write_bytes(each.content)
    return data


def _write_database(path: Path, contents: list[Resource]) -> None:
    schema, version = _schema_of_kolibri()
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(schema)
        for table, row in _rows(contents, version):
            columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)
    connection.close()


def _schema_of_kolibri() -> tuple[str, str]:
    """The statements that create the tables, and the version of the schema."""
    importlib.import_module("kolibri")  # puts its bundled libraries on the path
    constants = importlib.import_module("kolibri.core.content.constants.schema_versions")
    version = constants.CONTENT_SCHEMA_VERSION
    folder = "kolibri.core.content.contentschema.versions"
    metadata = importlib.import_module(f"{folder}.content_schema_{version}").metadata
    alchemy = importlib.import_module("sqlalchemy.schema")
    dialect = importlib.import_module("sqlalchemy.dialects.sqlite").dialect()
    statements = [alchemy.CreateTable(table) for table in metadata.sorted_tables]
    return ";\n".join(str(statement.compile(dialect=dialect)) for statement in statements), version


def _rows(contents: list[Resource], schema_version: str) -> Iterator[tuple[str, Row]]:
    """The rows of the database, ordered so that references point to earlier rows."""
    root, topic = identifier("root"), identifier("topic")
    last = 2 * (len(contents) + 2)
    yield "content_language", LANGUAGE
    # Nested sets: a node spans all its descendants, from lft to rght.
    yield "content_contentnode", _node(root, CHANNEL_NAME, "topic", (None, 0), (1, last))
    yield "content_contentnode", _node(topic, TOPIC_TITLE, "topic", (root, 1), (2, last - 1))
    for index, resource in enumerate(contents):
        node, left = identifier(resource.title), 3 + 2 * index
        yield (
            "content_contentnode",
            {
                **_node(node, resource.title, resource.kind, (topic, 2), (left, left + 1)),
                "description": resource.description,
                "sort_order": index,
                "learning_activities": resource.activity,
            },
        )
        for each in resource.files:
            yield from _file(each, node)
        if resource.assessment:
            yield "content_assessmentmetadata", _assessment(resource, node)
    yield "content_channelmetadata", _channel(root, schema_version)


def _node(
    id_: str, title: str, kind: str, place: tuple[str | None, int], span: tuple[int, int]
) -> Row:
    """A node at `place` (its parent and level), which spans from lft to rght."""
    parent, level = place
    left, right = span
    return {
        "id": id_,
        "title": title,
        "kind": kind,
        "parent_id": parent,
        "level": level,
        "lft": left,
        "rght": right,
        "tree_id": 1,
        "channel_id": CHANNEL_ID,
        "content_id": identifier(f"content of {title}"),
        "lang_id": LANGUAGE["id"],
        "description": "",
        "license_name": "Public Domain",
        "license_owner": "",
        "author": "",
        "available": False,
        "coach_content": False,
        "options": "{}",
    }


def _file(file: File, node: str) -> Iterator[tuple[str, Row]]:
    yield (
        "content_localfile",
        {
            "id": file.checksum,
            "extension": file.extension,
            "available": False,
            "file_size": len(file.content),
        },
    )
    yield (
        "content_file",
        {
            "id": file.id,
            "contentnode_id": node,
            "local_file_id": file.checksum,
            "preset": file.preset,
            "lang_id": LANGUAGE["id"],
            "supplementary": file.thumbnail,
            "thumbnail": file.thumbnail,
            "priority": 1,
        },
    )


def _assessment(resource: Resource, node: str) -> Row:
    items = resource.assessment["assessment_item_ids"]
    return {
        "id": identifier(f"assessment of {resource.title}"),
        "contentnode_id": node,
        "assessment_item_ids": json.dumps(items),
        "number_of_assessments": len(items),
        "mastery_model": json.dumps(resource.assessment["mastery_model"]),
        "randomize": True,
        "is_manipulable": True,
    }


def _channel(root: str, schema_version: str) -> Row:
    return {
        "id": CHANNEL_ID,
        "name": CHANNEL_NAME,
        "description": CHANNEL_DESCRIPTION,
        "tagline": CHANNEL_DESCRIPTION,
        "author": "",
        "version": 1,
        "thumbnail": thumbnail(),
        "last_updated": None,
        "min_schema_version": schema_version,
        "root_id": root,
    }
