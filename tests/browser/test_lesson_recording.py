"""Today's Kolibri asks for what the benchmark of a lesson plays."""

from __future__ import annotations

import pytest

from bench.lesson.record import record
from bench.lesson.recorded import MIXES, first_missing
from devtools.browser import MissingBrowserError

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_new_recording_has_all_requests_of_the_mixes(provisioned):
    try:
        recorded = record(provisioned)
    except MissingBrowserError as error:
        pytest.skip(str(error))
    assert {
        scene: first_missing(recorded[scene], mix) for scene, mix in MIXES.items()
    } == dict.fromkeys(MIXES)
