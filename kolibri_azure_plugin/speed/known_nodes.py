"""Keeps resources as Kolibri's API describes them: the same for every user, until content changes.

A learner's home page, class and lesson describe each of their resources, with files, languages and
tags. Kolibri reads that from six tables each time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: A resource takes 3 to 10 kB of the process's memory.
MAX_NODES = 1000

#: Seconds after which Kolibri, too, reads content again that has not changed (0.19.5,
#: core/content/api.py, metadata_cache).
MAX_AGE = 3600

Node = dict[str, Any]
Read = Callable[[Collection[str]], Iterable[Node]]


class KnownNodes:
    """Descriptions of resources, for one version of the content at a time.

    Kolibri changes the version after each change of the content. Other processes notice that within
    two seconds (freshness.py). The descriptions are shared, so they must not be changed.
    """

    def __init__(self) -> None:
        #: Replaced as a whole, because threads share it.
        self._kept: tuple[object, dict[str, Node | None]] = (None, {})

    def get(self, ids: Collection[str], read: Read) -> dict[str, Node]:
        """The available resources among `ids`, by id.

        :param read: reads those that are not known yet.
        """
        nodes = self._current()
        missing = {each for each in ids if each not in nodes}
        if missing:
            found = {node["id"]: node for node in read(missing)}
            nodes.update({each: found.get(each) for each in missing})
        chosen = {each: nodes.get(each) for each in ids}
        return {each: node for each, node in chosen.items() if node is not None}

    def _current(self) -> dict[str, Node | None]:
        from kolibri.core.device.models import ContentCacheKey

        version = (ContentCacheKey.get_cache_key(), time.monotonic() // MAX_AGE)
        kept_version, nodes = self._kept
        if version != kept_version or len(nodes) > MAX_NODES:
            nodes = {}
            self._kept = (version, nodes)
        return nodes


known_nodes = KnownNodes()


def map_known_nodes(map_nodes: Callable[..., dict[str, Node]]) -> Callable[..., dict[str, Node]]:
    """Wrap ``_map_contentnodes`` of the learner's pages."""

    @wraps(map_nodes)
    def map_contentnodes(request: Any, content_ids: Collection[str]) -> dict[str, Node]:
        if request.query_params:  # one of them also includes resources that are not available
            return map_nodes(request, content_ids)
        return known_nodes.get(content_ids, lambda missing: map_nodes(request, missing).values())

    return map_contentnodes
