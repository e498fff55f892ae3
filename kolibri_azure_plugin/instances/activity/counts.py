"""The requests of an instance in one minute, counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from kolibri_azure_plugin.instances.activity.requests import Request

#: How many pages to store: those that took most time altogether.
STORED_PAGES = 20

#: How many pages to count meanwhile. A site has fewer; anyone could make up more.
COUNTED_PAGES = 1000


@dataclasses.dataclass
class Counts:
    """The numbers of one minute.

    :ivar pages: of each page, how often it was requested, and how many milliseconds that took
        altogether and at most.
    """

    kept: int = 0
    kept_errors: int = 0
    passed: int = 0
    passed_errors: int = 0
    pages: dict[str, tuple[int, float, float]] = dataclasses.field(default_factory=dict)

    def add(self, request: Request) -> None:
        """Count a request."""
        if not request.passed:
            self.kept += 1
            self.kept_errors += request.is_error
            return
        self.passed += 1
        self.passed_errors += request.is_error
        if request.page:
            self._add_page(request.page, 1, request.milliseconds, request.milliseconds)

    def value(self, stored: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The numbers as the table stores them.

        :param stored: the minute's value so far, to which they are added. There is one if the
            previous process has ended within the minute, or a line was late.
        """
        total = Counts(self.kept, self.kept_errors, self.passed, self.passed_errors, {**self.pages})
        if stored:
            total.kept += stored["kept"]
            total.kept_errors += stored["kept_errors"]
            total.passed += stored["passed"]
            total.passed_errors += stored["passed_errors"]
            for page, numbers in stored["pages"].items():
                total._add_page(page, *numbers)
        by_time = sorted(total.pages.items(), key=lambda item: item[1][1], reverse=True)
        return {
            "kept": total.kept,
            "kept_errors": total.kept_errors,
            "passed": total.passed,
            "passed_errors": total.passed_errors,
            "pages": {
                page: [count, round(milliseconds), round(longest)]
                for page, (count, milliseconds, longest) in by_time[:STORED_PAGES]
            },
        }

    def _add_page(self, page: str, count: int, milliseconds: float, longest: float) -> None:
        known = self.pages.get(page)
        if known is not None:
            count, milliseconds = known[0] + count, known[1] + milliseconds
            longest = max(known[2], longest)
        elif len(self.pages) >= COUNTED_PAGES:
            return
        self.pages[page] = (count, milliseconds, longest)
