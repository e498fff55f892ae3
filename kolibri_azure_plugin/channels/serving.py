"""How a channel's database is served while a new one takes its place."""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.wrapping import wraps

#: Of an address, below whatever prefix the site has.
DATABASE = re.compile(r"/content/databases/[0-9a-f]{32}\.sqlite3\Z")

#: How often it is looked for: each time, somebody may have moved it just then.
LOOKS = 5


def find_databases_each_time(find: Callable[..., Any]) -> Callable[..., Any]:
    """Around `find_and_cache_dynamic_file`, which remembers the size that a file had once."""

    @wraps(find)
    def find_or_look(server: Any, url: str, *others: Any) -> Any:
        if DATABASE.search(url):
            return _Database(server, url).if_there()
        if replacing.name_before(url):
            # Under the name that it had, or not at all.
            return None
        return find(server, url, *others)

    return find_or_look


class _Database:
    """A database as whitenoise serves files; found when it is opened, not before."""

    def __init__(self, server: Any, url: str) -> None:
        self._server = server
        self._url = url

    def if_there(self) -> _Database | None:
        """None when the channel has no database here."""
        return self if self._path() else None

    def get_response(self, method: str, request_headers: dict[str, Any]) -> Any:
        """Answer as for any other file, or that it is not there any more."""
        for _ in range(LOOKS):
            path = self._path()
            if path is not None:
                try:
                    file = self._server.get_static_file(path, self._url)
                    return file.get_response(method, request_headers)
                except (FileNotFoundError, _missing_file()):
                    continue
        from kolibri.utils.kolibri_whitenoise import NOT_FOUND

        return NOT_FOUND.get_response(method, request_headers)

    def _path(self) -> str | None:
        """Where it is: in its place, set aside, or, between two looks, in its place again."""
        for _ in range(LOOKS):
            # Django's finder has an empty list for what is not there.
            path: str | None = self._server.get_dynamic_path(self._url) or self._set_aside()
            if path:
                return path
        return None

    def _set_aside(self) -> str | None:
        name = self._url.rpartition("/")[2]
        for _prefix, root in self._server.dynamic_finder.locations:
            path = os.path.join(root, "databases", name)
            aside = replacing.newest_set_aside(path)
            if aside is not None:
                # The list has told the kernel of names that it took for missing.
                return path if os.path.exists(path) else aside
        return None


def _missing_file() -> type[Exception]:
    from whitenoise.responders import MissingFileError

    missing: type[Exception] = MissingFileError
    return missing
