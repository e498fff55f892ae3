"""A child's round through a lesson, page by page: the requests of `bench.lesson.mix`, with pauses.

A browser sends the requests of a page one after the other, then the child looks at the page. The
pauses are as long as ten seconds for each request make them.
"""

from __future__ import annotations

import itertools

from bench.lesson.mix import ROUND, SIGN_IN, SIGN_IN_WITH_PASSWORD, Request

#: A child's mean pause, in seconds for each request of the page that it looks at.
PAUSE = 10.0

#: The round in pages: home; class; lesson; an exercise; what it reports while the child works, four
#: times; home again; two more reports.
SIZES = (5, 2, 3, 4, 1, 1, 1, 1, 3, 1, 1)

#: The sign-in page, which sets the CSRF cookie.
SIGN_IN_PAGE = Request("GET", "/en/auth/")

OK = 200

Page = tuple[Request, ...]


def _pages() -> list[Page]:
    ends = list(itertools.accumulate(SIZES))
    return [ROUND[end - size : end] for end, size in zip(ends, SIZES)]


PAGES = _pages()

#: The request whose answer names the session that later reports belong to.
BEGIN = next(request for request in ROUND if request.method == "POST")


def rest_of_round(first: int) -> list[Page]:
    """The pages from `first` on; an exercise that was opened before is opened again."""
    rest = PAGES[first:]
    return rest if any(BEGIN in page for page in rest) else [(BEGIN,), *rest]


def sign_in(*, passwords: bool) -> Page:
    """The requests of a sign-in, with its page; the last one signs in.

    With passwords, the interface first sends an empty one, which Kolibri refuses.
    """
    return (SIGN_IN_PAGE, *(SIGN_IN_WITH_PASSWORD if passwords else SIGN_IN))


def name_of(request: Request) -> str:
    """The name under which the times of a request are counted."""
    address, _, query = request.address.partition("?")
    names = "&".join(part.partition("=")[0] for part in query.split("&"))
    name = f"{address}?{names}" if query else address
    return name if request.status == OK else f"{name}, answered {request.status}"
