"""The soak in its short form: a little of each kind of work, with the same code."""

from __future__ import annotations

import threading

import pytest

from bench.soak import driver, report
from bench.soak.progress import Progress
from bench.soak.site import running_site

pytestmark = pytest.mark.slow

#: `make soak` takes an hour.
LITTLE = {"requests": 200, "syncs": 1, "jobs": 20}


def test_after_a_little_of_everything_nothing_of_it_is_left(ready_fleet, counts):
    progress = Progress(ready_fleet.folder / "progress.json", LITTLE)

    with running_site(ready_fleet) as site:
        driver.run(site, progress, schools=1, ending=threading.Event())

    for line in report.everything(progress):
        counts(line)
    assert progress.complete
    assert report.faults(progress.data) == []
    assert progress.data["list_after"][0] < progress.data["list_worked"][0]
