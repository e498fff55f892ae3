"""Which channels a setting names, and how far each is."""

from __future__ import annotations

import json

import pytest

from kolibri_azure_plugin.content.first_content import problems
from kolibri_azure_plugin.content.first_content.records import (
    IMPORTING,
    LEFT_OUT,
    THERE,
    Channel,
    Records,
    job_of,
)
from kolibri_azure_plugin.content.first_content.standing import GONE, WAITING, standings
from kolibri_azure_plugin.content.first_content.wanted import Wanted, read_wanted
from kolibri_azure_plugin.errors import ChannelError

ID = "0123456789abcdef0123456789abcdef"
TOKEN, KEY = "nakav-mafak", "nakavmafak"


@pytest.mark.parametrize(
    ("word", "name", "is_token"),
    [
        (TOKEN, TOKEN, True),
        (" NAKAV-MAFAK ", TOKEN, True),
        (KEY, KEY, True),
        (ID.upper(), ID, False),
        ("01234567-89ab-cdef-0123-456789abcdef", ID, False),
    ],
)
def test_a_token_or_an_id_is_read_in_each_spelling(word, name, is_token):
    assert read_wanted([word]) == ([Wanted(name, is_token)], [])


@pytest.mark.parametrize("word", ["mathematics", "nakav_mafak", "nakav-mafak-", ID[:-1], "../" * 8])
def test_other_words_are_returned_as_they_are(word):
    assert read_wanted([TOKEN, word]) == ([Wanted(TOKEN, is_token=True)], [word])


def test_a_channel_that_is_named_twice_is_wanted_once():
    assert len(read_wanted([TOKEN, KEY, TOKEN.upper()])[0]) == 1


class Table:
    """The state table, Kolibri's library and its jobs.

    :param empty: channels that are listed, and have no resource that is available.
    """

    def __init__(self, records=None, library=(), job=None, empty=()):
        self._records, self._job = records, job
        self._listed = {**dict.fromkeys(library, True), **dict.fromkeys(empty, False)}

    def exists(self, _table):
        return self._records is not None

    def get(self, _key):
        return json.loads(json.dumps(self._records, default=vars))

    def rows(self, statement, *_values):
        if "FROM jobs" not in statement:
            return list(self._listed.items())
        saved = json.dumps(self._job)
        return [(job_of(ID), self._job["state"], saved)] if self._job else []


def noted(state):
    return Records(named={KEY: [ID]}, channels={ID: Channel("Sums", TOKEN, 10, state)})


def standing_in(*table, **more):
    [found] = standings([Wanted(TOKEN, is_token=True)], Table(*table, **more))
    return found


def test_before_the_workers_have_started_a_channel_waits():
    assert standing_in().state == WAITING


def test_a_channel_that_is_there_whoever_imported_it_is_there():
    [found] = standings([Wanted(ID, is_token=False)], Table(library=[ID]))
    assert found.state == THERE


def test_the_progress_of_an_import_is_told():
    job = {"state": "RUNNING", "progress": 30, "total_progress": 40}
    found = standing_in(noted(IMPORTING), job=job)
    assert (found.name, found.state, found.progress) == ("Sums", IMPORTING, 0.75)


def test_a_channel_of_which_a_part_is_there_is_being_imported_until_its_task_ends():
    job = {"state": "RUNNING", "progress": 1, "total_progress": 4}
    assert standing_in(noted(IMPORTING), [ID], job).state == IMPORTING
    assert standing_in(noted(IMPORTING), [ID], {**job, "state": "COMPLETED"}).state == THERE


def test_an_import_that_completed_without_any_file_is_told():
    job = {"state": "COMPLETED", "progress": 4, "total_progress": 4}
    found = standing_in(noted(IMPORTING), job=job, empty=[ID])
    assert (found.state, found.problem.code) == (IMPORTING, "channel-empty")


def test_a_channel_that_is_deleted_right_after_its_import_is_no_problem():
    job = {"state": "COMPLETED", "progress": 4, "total_progress": 4}
    assert standing_in(noted(IMPORTING), job=job).problem is None


def test_a_failed_import_is_told_with_its_reason():
    job = {"state": "FAILED", "exception": problems.NO_ROOM, "traceback": "…\nE: no room\n"}
    problem = standing_in(noted(IMPORTING), job=job).problem
    assert problem.found == "E: no room"
    assert "share-rm update" in problem.remedy


@pytest.mark.parametrize(("state", "told"), [(THERE, GONE), (LEFT_OUT, LEFT_OUT)])
def test_a_channel_that_somebody_does_not_want_is_no_problem(state, told):
    found = standing_in(noted(state))
    assert (found.state, found.problem) == (told, None)


def test_a_problem_is_kept_as_it_was_said():
    error = problems.unknown(TOKEN, "https://studio")
    records = Records(problems={KEY: problems.as_record(error)})
    problem = standing_in(records).problem
    assert isinstance(problem, ChannelError)
    assert problem.instructions() == error.instructions()


def test_records_are_read_as_they_were_written():
    records = noted(IMPORTING)
    assert Records.read(Table(records)) == records
