"""A WSGI application whose answers all differ, with marks from the request.

The query sets the answer's status, how long it may be kept, and other headers.
"""

from __future__ import annotations

import itertools
from urllib.parse import parse_qsl

numbers = itertools.count(1)

#: Long enough for compression.
FILLING = "lorem ipsum dolor sit amet " * 100


def application(environ, start_response):
    """``?status=…&keep=…&NAME=VALUE``: `keep` is for X-Accel-Expires, the rest are headers."""
    asked = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    status = asked.pop("status", "200 OK")
    keep = asked.pop("keep", "60")
    headers = {"Content-Type": "text/html", "ETag": '"1"', **asked}
    if keep and "HTTP_X_SHARED_RESPONSE" in environ:
        headers["X-Accel-Expires"] = keep
    facts = (next(numbers), environ["REQUEST_METHOD"], environ.get("HTTP_COOKIE", "-"), FILLING)
    start_response(status, list(headers.items()))
    return [" ".join(map(str, facts)).encode()]
