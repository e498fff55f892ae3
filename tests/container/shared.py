"""A WSGI application whose answers all differ, and that marks them as it is asked to.

The query says what stands in the answer: its status, how long it may be kept, and other headers.
"""

from __future__ import annotations

import itertools
from urllib.parse import parse_qsl

numbers = itertools.count(1)

#: Long enough that it is worth compressing.
FILLING = "lorem ipsum dolor sit amet " * 100


def application(environ, start_response):
    """``?status=…&keep=…&NAME=VALUE``: `keep` is for X-Accel-Expires, the rest are headers."""
    asked = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    status = asked.pop("status", "200 OK")
    keep = asked.pop("keep", "60")
    headers = {"Content-Type": "text/html", "ETag": '"1"', **asked}
    if keep and "HTTP_X_SHARED_ANSWER" in environ:
        headers["X-Accel-Expires"] = keep
    facts = (next(numbers), environ["REQUEST_METHOD"], environ.get("HTTP_COOKIE", "-"), FILLING)
    start_response(status, list(headers.items()))
    return [" ".join(map(str, facts)).encode()]
