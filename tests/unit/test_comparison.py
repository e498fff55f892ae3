"""A comparison's parts are measured, kept and shown one by one, and each of them ends."""

from __future__ import annotations

import argparse
import re
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from bench.lesson.__main__ import COMPARISON as LESSON
from bench.performance import comparison, kept, rows
from bench.performance.__main__ import COMPARISON as FIVE_REQUESTS
from bench.performance.comparison import Comparison, Place, Results
from bench.performance.kept import Part
from bench.performance.limits import TooLongError, ends_within
from bench.performance.rows import Row
from bench.performance.table import marks


def part(work, way="today"):
    return Part([Row(work, "1", "2", "2.00", "", reached=None)], way)


def test_rows_that_are_measured_again_replace_only_their_own(tmp_path):
    file = tmp_path / "measured.json"
    assert kept.load(file) == {}
    kept.save(file, {"near": part("a"), "far": part("b")})
    kept.save(file, {**kept.load(file), "far": part("c", "tomorrow")})
    assert kept.load(file) == {"near": part("a"), "far": part("c", "tomorrow")}


def test_the_page_says_how_each_part_was_measured_and_what_was_not():
    parts = {"far": part("b", "tomorrow"), "near": part("a"), "files": part("c")}
    shown = kept.text(parts, ["near", "far", "files", "sync"])
    assert [line.split(" | ")[0] for line in shown.splitlines()[2:5]] == ["| a", "| b", "| c"]
    assert shown.splitlines()[6:] == [
        "`near`, `files`: today.",
        "",
        "`far`: tomorrow.",
        "",
        "Not measured: `sync`.",
    ]


def test_parts_that_were_measured_alike_share_one_sentence():
    shown = kept.text({"near": part("a"), "far": part("b")}, ["near", "far"])
    assert shown.splitlines()[4:] == ["", "today."]


@pytest.mark.parametrize("measured", [LESSON, FIVE_REQUESTS], ids=lambda each: each.name)
def test_the_page_shows_the_rows_that_are_kept(measured, repository):
    begin, end = marks(measured.name)
    page = (repository / "docs" / "performance.md").read_text(encoding="utf-8")
    between = page.partition(begin)[2].partition(end)[0]
    assert between.strip() == measured.text().strip()


def test_work_that_waits_for_ever_is_interrupted_and_named():
    with (
        pytest.raises(TooLongError, match=r"sync did not end within 0\.1 s"),
        ends_within(0.1, "sync"),
    ):
        threading.Event().wait()


def test_work_that_ends_in_time_is_not_interrupted_later():
    with ends_within(0.1, "sync"):
        pass
    threading.Event().wait(0.2)


def test_a_part_that_fails_is_named_and_the_others_are_measured(monkeypatch, tmp_path):
    def good(_pair, _place):
        yield rows.note("good", {"stock": 1, "image": 2})

    def stuck(_pair, _place):
        yield rows.note("stuck", {"stock": 1, "image": 2})
        threading.Event().wait()

    compared = []

    @contextmanager
    def pair(*_arguments, compare, **_options):
        compared.append(compare)
        yield SimpleNamespace()

    @contextmanager
    def delay(*_arguments):
        yield SimpleNamespace(port=2)

    monkeypatch.setattr(comparison, "start_pair", pair)
    monkeypatch.setattr(comparison, "LatencyProxy", delay)
    monkeypatch.setattr(comparison, "PREPARE_SECONDS", 0.5)
    work = Comparison("test", None, None, near={"stuck": stuck, "near": good}, far={"far": good})
    options = argparse.Namespace(rows=work.names, rounds=0, seconds=0)
    results = Results()
    work._measure([], Place(SimpleNamespace(port=1), tmp_path), options, results)
    assert list(results.parts) == ["near", "far"]
    assert re.match("stuck did not end", str(results.errors["stuck"]))
    # The loads of the first pair write, so the second is not compared.
    assert compared == [True, False]
