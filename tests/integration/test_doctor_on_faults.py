"""The doctor names each fault of the list first, in time, and changes nothing."""

from __future__ import annotations

import concurrent.futures
import time

import pytest

from devtools.instances import another_instance
from kolibri_azure_plugin.errors.wording import with_reason
from tests.long_forms import each_or

from . import faults_page
from .conftest import PASSWORD
from .examination import DEADLINE, examine_fully
from .golden import WRITES
from .planted import PLANTED, World

pytestmark = pytest.mark.slow

#: Seconds that a start may wait in vain.
PATIENCE = "1"

SAID = "Kolibri on Azure does not start.\n"


@pytest.fixture
def world(deployment, azure, postgres, other_authority):
    return World(deployment, azure, postgres, other_authority)


def files_of(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def start_up_line(deployment, home):
    """A start's message about the fault: the first line, and the finding."""
    instance = another_instance(deployment, home, KOLIBRI_AZURE_STARTUP_TIMEOUT=PATIENCE)
    result = instance.run("manage", "--skip-update", "check")
    _, _, said = result.stderr.partition(SAID)
    failed, _, details = said.partition("\n  expected:")
    found = details.partition("found:")[2].partition("\n  fix:")[0]
    return with_reason(failed, " ".join(found.split()))


@pytest.mark.parametrize(
    "planted", each_or(PLANTED, *PLANTED[::2]), ids=lambda planted: planted.name
)
def test_the_doctor_names_the_cause_first_when(planted, world, tmp_path):
    deployment = world.deployment
    tables = world.postgres.execute("SELECT oid FROM pg_class", database=deployment.database)
    with planted.plant(world), concurrent.futures.ThreadPoolExecutor() as executor:
        before = files_of(deployment.share)
        start = executor.submit(start_up_line, deployment, tmp_path / "another-home")
        begun = time.monotonic()
        examination = examine_fully(deployment)
        took = time.monotonic() - begun
        said = start.result()
        assert files_of(deployment.share) == before
    assert took < DEADLINE
    assert examination.exit_code == 1
    assert "Traceback" not in examination.output + examination.errors
    assert PASSWORD not in examination.output + examination.errors
    found = examination.first_failure
    assert found["measurements"]["error"] == planted.code, examination.output
    assert examination.document["counts"]["fail"] == 1
    assert not list(deployment.home.rglob("*.sqlite3"))
    assert tables == world.postgres.execute(
        "SELECT oid FROM pg_class", database=deployment.database
    )
    row = faults_page.Row(
        planted.name, planted.code, said, found["id"], with_reason(found["message"], found["cause"])
    )
    if WRITES:
        faults_page.write(row)
    assert faults_page.lines()[planted.name] == row.line


def test_the_page_shows_every_fault_of_the_list():
    if not WRITES:
        assert list(faults_page.lines()) == [planted.name for planted in PLANTED]
        assert faults_page.PAGE.read_text(encoding="utf-8").startswith(faults_page.HEAD)
