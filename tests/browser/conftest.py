"""A page in a real browser."""

from __future__ import annotations

import pytest

from devtools.browser import MissingBrowserError, browser_page


@pytest.fixture
def page():
    """An empty page. Without Chromium the test is skipped, with the package to install."""
    try:
        with browser_page() as page:
            yield page
    except MissingBrowserError as error:
        pytest.skip(str(error))
