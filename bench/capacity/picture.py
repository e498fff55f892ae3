"""A picture of a run: the charts of locust's report, photographed by Chromium."""

from __future__ import annotations

from pathlib import Path

from devtools.browser import browser_page

#: Pixels of the page. A wide page makes flat charts, which need less space in a document.
WIDTH, HEIGHT = 1000, 900

#: The title of the part of the report with the charts: requests per second, times, and learners.
CHARTS = "Charts"

#: Milliseconds in which the charts have been drawn, whose lines grow in an animation.
DRAWN = 3000

#: Pixels between the charts and the edges of the picture.
MARGIN = 10


def photograph(report: Path, picture: Path) -> None:
    """Write the charts of a report as PNG."""
    with browser_page() as page:
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.goto(report.as_uri())
        heading = page.get_by_role("heading", name=CHARTS, exact=True)
        heading.wait_for()
        page.wait_for_timeout(DRAWN)
        last = page.locator("canvas").last.bounding_box()
        title = heading.bounding_box()
        assert last is not None
        assert title is not None
        top = title["y"] + title["height"] + MARGIN
        page.screenshot(
            path=picture,
            full_page=True,
            clip={
                "x": 0,
                "y": top,
                "width": WIDTH,
                "height": last["y"] + last["height"] - top + MARGIN,
            },
        )
