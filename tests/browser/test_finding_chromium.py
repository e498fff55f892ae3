"""Chromium is found, or the error names the missing package."""

from __future__ import annotations

import pytest

from devtools import browser

pytestmark = pytest.mark.browser


def test_a_machine_without_chromium_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "NAMES", ())
    monkeypatch.setattr(browser, "APPLICATION_OF_MACOS", "/nowhere")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv(browser.VARIABLE, raising=False)

    with (
        pytest.raises(browser.MissingBrowserError, match="apt-get install chromium"),
        browser.browser_page(),
    ):
        pass


def test_a_browser_finds_no_host_but_this_machine(page):
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://kolibri.example/")
