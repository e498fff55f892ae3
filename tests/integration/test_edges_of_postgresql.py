"""Kolibri on PostgreSQL gives the same answers as stock Kolibri on SQLite.

The tests send the same values to every filter, address and field of the API in both. Where
PostgreSQL can't do the same as SQLite, the answer is 400 with the name of the field.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from devtools.deployment import DATABASE_PASSWORD, FACILITY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from tests.integration.jobs import MODULES

pytestmark = pytest.mark.slow

#: One request in so many is sent; 1 sends all, in some minutes.
NTH = int(os.environ.get("KOLIBRI_AZURE_EDGES_NTH", "15"))

#: Addresses for which stock Kolibri answers differently on PostgreSQL.
SEEN = (
    "GET api/tasks/tasks/ ?queue=nul",
    "GET api/tasks/tasks/ID/ {nul}",
    "GET api/discovery/networklocation/ID/ {nul}",
    "GET api/content/contentnode_search/ ?search=nul",
    "PUT answer item=long",
    "PUT answer simple_answer=long",
    "PATCH api/device/devicename/ name:long",
    "PATCH api/device/devicename/ name:nul",
    "PUT visit os=long",
)

ASK = "from edge_questions import ask_all\nask_all({nth}, {always!r})\n"
SECONDS = 3600

MAKE = "from edge_records import make_records\nmake_records()\n"
SHOW = "from edge_records import print_synced\nprint_synced({!r})\n"


def answers(kolibri):
    text = ASK.format(nth=NTH, always=SEEN)
    output = kolibri.succeed("manage", "shell", text=text, seconds=SECONDS).output
    return json.loads(output.partition("ANSWERS ")[2].splitlines()[0])


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """Kolibri without our plugin, on SQLite."""
    kolibri = Kolibri(tmp_path_factory.mktemp("stock"), {"PYTHONPATH": str(MODULES)})
    kolibri.provision(
        username=SUPERUSER, password=SUPERUSER_PASSWORD, facility=FACILITY, preset="formal"
    )
    return kolibri


@pytest.fixture(scope="module")
def ours(tmp_path_factory, authority, postgres, role, temporary_database, migrated_template):
    """Kolibri with the plugin, on PostgreSQL."""
    with temporary_database(migrated_template) as name:
        folder = tmp_path_factory.mktemp("ours")
        fleet = Fleet(folder, postgres, authority, name, role, DATABASE_PASSWORD)
        fleet.modules = (MODULES,)
        yield fleet.instance("asked")


@pytest.fixture(scope="module")
def synced(stock, ours):
    """The result of a sync of records that do not fit.

    It runs before all requests: with them SQLite takes values that stock Kolibri can't read.
    """
    output = stock.succeed("manage", "shell", text=MAKE).output
    facility = output.partition("FACILITY ")[2].split()[0]
    with stock.gunicorn("--threads=8") as school:
        school.wait_until_serving()
        ours.succeed(
            "manage", "sync", "--baseurl", school.url, "--facility", facility, "--no-push",
            "--no-provision", "--username", SUPERUSER, "--password", SUPERUSER_PASSWORD,
        )  # fmt: skip
    output = ours.succeed("manage", "shell", text=SHOW.format(facility)).output
    return json.loads(output.partition("SYNCED ")[2].splitlines()[0])


def test_values_that_only_sqlite_takes_are_adapted_in_a_sync(synced):
    assert synced["left out"] == []
    assert synced["names"] == {
        "admin": "admin",
        "nul": "Daw nul",
        "long": "Daw long" + "x" * 112,
    }
    assert synced["quizzes"] == [["E" + "x" * 199, -(2**31)]]
    assert synced["lessons"] == [["L" * 50, ""]]
    assert synced["answers"] == [["q" * 200, "a" * 200, {"whole": "a" * 300 + "\0"}]]


def test_a_record_that_was_made_to_fit_is_no_change_that_would_go_back(synced):
    assert synced["changes"] == 0
    assert synced["kept as sent"] == 1


@pytest.mark.usefixtures("synced")
def test_every_question_is_answered_as_on_sqlite_or_refused(stock, ours, counts):
    with ThreadPoolExecutor(2) as pool:
        on_sqlite, on_postgresql = pool.map(answers, (stock, ours))

    assert set(on_sqlite) == set(on_postgresql)
    assert set(SEEN) <= set(on_sqlite)
    other = {
        question: (status, on_postgresql[question])
        for question, status in on_sqlite.items()
        if on_postgresql[question] != status
    }
    failed = sum(status == 500 for status in on_postgresql.values())
    counts(
        f"{len(on_sqlite)} questions: {len(other)} answered otherwise than on SQLite; "
        f"500 on SQLite {sum(status == 500 for status in on_sqlite.values())}, here {failed}"
    )
    worse = {
        question: both for question, both in other.items() if both[1] != 400 and both[0] != 500
    }
    assert worse == {}
