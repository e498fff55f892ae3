"""Views that are looked for once, and what makes a process look again."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.speed import known_views
from kolibri_azure_plugin.speed.known_views import remember_views


@pytest.fixture
def languages(monkeypatch):
    """The current language, and the device's."""
    from kolibri.core.device import translation

    current = {"request": "en", "device": "en"}
    monkeypatch.setattr(known_views, "get_language", lambda: current["request"])
    monkeypatch.setattr(translation, "get_device_language", lambda: current["device"])
    return current


@pytest.fixture
def make_resolver(languages):
    """Make the module where Django looks up views."""

    class Resolver:
        def __init__(self):
            self.asked = []

        @remember_views
        def resolve(self, path):
            self.asked.append(path)
            if path == "/missing/":
                raise LookupError(path)
            return object()

    return Resolver


def test_a_view_is_looked_for_once(make_resolver):
    resolver = make_resolver()
    assert len({resolver.resolve("/en/learn/") for _ in range(3)}) == 1
    assert resolver.asked == ["/en/learn/"]


@pytest.mark.parametrize("whose", ["request", "device"])
def test_another_language_may_lead_to_another_view(whose, languages, make_resolver):
    resolver = make_resolver()
    resolver.resolve("/learn/")
    languages[whose] = "fr"
    resolver.resolve("/learn/")
    assert resolver.asked == ["/learn/"] * 2


def test_another_resolver_or_address_may_lead_to_another_view(make_resolver):
    first, second = make_resolver(), make_resolver()
    first.resolve("/en/learn/")
    first.resolve("/en/coach/")
    second.resolve("/en/learn/")
    assert first.asked == ["/en/learn/", "/en/coach/"]
    assert second.asked == ["/en/learn/"]


def test_a_part_of_an_address_is_not_remembered(make_resolver):
    resolver = make_resolver()
    for _ in range(2):
        resolver.resolve("learn/")
    assert resolver.asked == ["learn/"] * 2


def test_an_address_without_a_view_stays_without(make_resolver):
    resolver = make_resolver()
    for _ in range(2):
        with pytest.raises(LookupError):
            resolver.resolve("/missing/")
    assert resolver.asked == ["/missing/"] * 2
