"""Log lines contain no names of users and no answers, also where others wrote the text."""

from __future__ import annotations

import logging

import pytest

from kolibri_azure_plugin.errors.redaction import remember
from kolibri_azure_plugin.logs.personal_data import LogFilter, hide_personal_data

#: What PostgreSQL and psycopg2 say, and what is left of it.
TEXTS = {
    'duplicate key value violates unique constraint "name"\n'
    "DETAIL:  Key (username, facility_id)=(zenobia, 4d0f) already exists.\n":
    'duplicate key value violates unique constraint "name"\n'
    "DETAIL:  Key (username, facility_id)=(…) already exists.\n",
    'null value in column "item" violates not-null constraint\n'
    'DETAIL:  Failing row contains (4d0f, zenobia, {"answer": "(7)"}, null).':
    'null value in column "item" violates not-null constraint\n'
    "DETAIL:  Failing row contains (…).",
    'invalid input syntax for type integer: "zenobia"\n'
    "LINE 1: ... WHERE username = 'zenobia' AND\n                 ^":
    'invalid input syntax for type integer: "…"\nLINE 1: …\n                 ^',
    'value "99999999999" is out of range for type integer':
    'value "…" is out of range for type integer',
    '10.0.0.1 - - "GET /api/auth/facilityusername/?facility=4d0f&search=zenobia HTTP/1.1" 200':
    '10.0.0.1 - - "GET /api/auth/facilityusername/?facility=4d0f&search=… HTTP/1.1" 200',
    "GET /api/public/facilitysearchuser/?username=zenobia&facility=4d0f":
    "GET /api/public/facilitysearchuser/?username=…&facility=4d0f",
    "A search of 3 channels (search=all)": "A search of 3 channels (search=all)",
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_hidden_and_the_rest_stays(text):
    assert hide_personal_data(text) == TEXTS[text]


def test_a_line_and_its_traceback_are_cleared_of_names_and_secrets(caplog):
    remember("a-secret-of-the-site")
    caplog.handler.addFilter(LogFilter())
    try:
        int("DETAIL:  Failing row contains (1, zenobia).")
    except ValueError:
        logging.getLogger("test").exception("GET /?search=%s a-secret-of-the-site", "zenobia")
    assert "zenobia" not in caplog.text
    assert "a-secret-of-the-site" not in caplog.text
    assert "Failing row contains (…)." in caplog.text
