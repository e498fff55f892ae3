"""Two concurrent changes to the device settings are both kept."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.speed.device_settings import MISSING, merge


@pytest.mark.parametrize(
    ("read", "ours", "theirs", "merged"),
    [
        ("old", "old", "new", "new"),
        ("old", "new", "old", "new"),
        ("old", "ours", "theirs", "ours"),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}),
        ({}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}),
        ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2, "y": 1}}, {"a": {"x": 1, "y": 2}},
         {"a": {"x": 2, "y": 2}}),
        (None, {"a": 1}, None, {"a": 1}),
    ],
)  # fmt: skip
def test_values_unchanged_here_are_taken_from_the_others(read, ours, theirs, merged):
    assert merge(read, ours, theirs) == merged


def test_what_is_missing_is_no_value():
    assert merge({"a": 1}, {"a": 1}, {}) == {}
    assert MISSING not in merge({}, {}, {"a": 1}).values()
