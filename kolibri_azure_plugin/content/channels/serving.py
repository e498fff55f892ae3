"""Serves a channel's database while a new one replaces it."""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.wrapping import wraps

#: The end of a URL, after the site's path prefix, if any.
DATABASE = re.compile(r"/content/databases/[0-9a-f]{32}\.sqlite3\Z")

#: How often to look for a file: another process may move it between two looks.
LOOKS = 5


def find_databases_uncached(find: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `find_and_cache_dynamic_file`, which caches the size of a file for ever."""

    @wraps(find)
    def find_or_look(server: Any, url: str, *others: Any) -> Any:
        if DATABASE.search(url):
            return _Database(server, url).if_exists()
        if replacing.original_name(url):
            # A file set aside is served only under its original name.
            return None
        return find(server, url, *others)

    return find_or_look


class _Database:
    """A database as one of whitenoise's static files, looked up when it is opened."""

    def __init__(self, server: Any, url: str) -> None:
        self._server = server
        self._url = url

    def if_exists(self) -> _Database | None:
        """Self, or None when the channel has no database here."""
        return self if self._path() else None

    def get_response(self, method: str, request_headers: dict[str, Any]) -> Any:
        """The response for the file; 404 when it has gone in the meantime."""
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
        """The file under its own name or, during a replacement, under the one it was set aside."""
        for _ in range(LOOKS):
            # Django's finder returns an empty list for a missing file.
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
                # Listing the folder refreshed the kernel's cache, so the name may exist again.
                return path if os.path.exists(path) else aside
        return None


def _missing_file() -> type[Exception]:
    from whitenoise.responders import MissingFileError

    missing: type[Exception] = MissingFileError
    return missing
