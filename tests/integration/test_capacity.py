"""The capacity is measured in a facility that no one else uses, and that is gone afterwards."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from bench.capacity import __main__ as command
from bench.capacity.facility import (
    CLASS_SIZE,
    FACILITIES,
    NAME,
    CapacityError,
    Superuser,
    new_name,
    own_facility,
)
from bench.capacity.process import LoadProcess
from devtools.channel import CHANNEL_ID, make_channel
from devtools.deadline import wait_until
from devtools.deployment import FACILITY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import another_instance, start_kolibri
from devtools.kolibri_client import KolibriClient
from devtools.process import BackgroundProcess

pytestmark = pytest.mark.slow

SECONDS = 120

#: Six seconds each: on a busy machine, signing in takes longer.
MAX_PHASES = 20


@pytest.fixture(scope="module")
def deployment(copied, tmp_path_factory):
    """A site with a channel."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        # Each thread keeps its connections, and PostgreSQL allows a hundred.
        deployment.environment["KOLIBRI_CHERRYPY_THREAD_POOL"] = "10"
        channel = make_channel(tmp_path_factory.mktemp("channel") / "drive")
        for word in ("importchannel", "importcontent"):
            deployment.require("manage", word, "disk", CHANNEL_ID, str(channel))
        yield deployment


@pytest.fixture(scope="module")
def url(deployment):
    with start_kolibri(another_instance(deployment, deployment.home.parent / "one")) as server:
        server.wait_until_serving()
        yield server.url


@pytest.fixture
def superuser(url):
    return Superuser(url, SUPERUSER, SUPERUSER_PASSWORD)


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv(command.USERNAME, SUPERUSER)
    monkeypatch.setenv(command.PASSWORD, SUPERUSER_PASSWORD)


@pytest.fixture
def count(postgres, deployment):
    def rows(table, condition="true"):
        statement = f"SELECT count(*) FROM {table} WHERE {condition}"
        return postgres.execute(statement, database=deployment.database)[0][0]

    return rows


def facilities(url):
    return {each["name"] for each in KolibriClient(url).get(FACILITIES)}


def test_the_facility_is_removed_with_all_that_the_children_did(url, superuser, count, tmp_path):
    users, sessions = count("kolibriauth_facilityuser"), count("logger_contentsessionlog")
    with own_facility(superuser) as ground:
        accounts = superuser.admit(ground, 1)
        assert facilities(url) == {FACILITY, ground.name}
        assert count("kolibriauth_facilityuser") == users + CLASS_SIZE
        with LoadProcess(url, ground, tmp_path / "load.log", pace=0.05) as load:
            load.storm(accounts, 1)
            phases = 0
            while count("logger_contentsessionlog") == sessions and phases < MAX_PHASES:
                load.lesson(5)
                phases += 1
        assert count("logger_contentsessionlog") > sessions
    assert facilities(url) == {FACILITY}
    assert count("kolibriauth_facilityuser") == users
    assert count("logger_contentsessionlog") == sessions
    assert count("kolibriauth_facilitydataset") == 1


def _signed_in(phases):
    return sum(phase.sign_ins for phase in phases)


def test_children_play_the_lesson_without_an_error(url, superuser, tmp_path):
    with own_facility(superuser) as ground:
        accounts = superuser.admit(ground, CLASS_SIZE)
        with LoadProcess(url, ground, tmp_path / "load.log", pace=0.05) as load:
            told = Path(f"/proc/{load.pid}/cmdline").read_text()
            phases = [load.storm(accounts, 3), load.lesson(6)]
            while _signed_in(phases) < CLASS_SIZE and len(phases) < MAX_PHASES:
                phases.append(load.lesson(6))
            load.rest()
            load.report(tmp_path / "report.html")
    lesson = phases[-1]
    assert all(phase.failures == {} for phase in phases)
    assert _signed_in(phases) == CLASS_SIZE
    assert lesson.learners == CLASS_SIZE
    assert lesson.requests > CLASS_SIZE
    assert lesson.pieces > 0
    assert 0 < lesson.p50 <= lesson.p95
    assert ground.password not in told
    assert "Response Times" in (tmp_path / "report.html").read_text()


def test_the_facility_needs_passwords_and_lets_no_one_join(url, superuser, count):
    with own_facility(superuser) as ground:
        settings = KolibriClient(url).get(
            "/api/auth/facilitydataset/", facility_id=ground.facility
        )[0]
        assert settings["learner_can_login_with_no_password"] is False
        assert settings["learner_can_sign_up"] is False


def test_the_facility_is_removed_after_an_error(url, superuser):
    def play():
        with own_facility(superuser) as ground:
            assert ground.name in facilities(url)
            raise RuntimeError("the load broke")

    with pytest.raises(RuntimeError, match="the load broke"):
        play()
    assert facilities(url) == {FACILITY}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_facility_is_removed_after_a_signal(url, tmp_path, repository, number):
    words = f"--address {url} --yes --first 30 --most 30 --storm 3 --seconds 600".split()
    run = BackgroundProcess(
        [sys.executable, "-m", "bench.capacity", *words],
        environment={
            **os.environ,
            command.USERNAME: SUPERUSER,
            command.PASSWORD: SUPERUSER_PASSWORD,
        },
        folder=repository,
        log_file=tmp_path / "run.log",
    )
    with run:
        wait_until(lambda: "the facility is called" in run.output, "the facility", SECONDS)
        assert facilities(url) != {FACILITY}
        run.signal(number)
        assert run.wait_for_exit(SECONDS) == 130
    assert facilities(url) == {FACILITY}


def test_a_facility_that_is_left_can_be_removed_later(url, superuser, credentials, capsys):
    left = superuser.make_facility(new_name())
    try:
        assert command.main(["--address", url, "--yes"]) == 1
        assert "--remove" in capsys.readouterr().err
    finally:
        assert command.main(["--address", url, "--yes", "--remove"]) == 0
    assert f"removed {left.name}" in capsys.readouterr().out
    assert facilities(url) == {FACILITY}


def test_a_facility_of_a_school_with_a_similar_name_is_kept(url, superuser, credentials, capsys):
    school = superuser.make_facility(f"{NAME} of a school")
    try:
        assert command.main(["--address", url, "--yes", "--remove"]) == 0
        assert facilities(url) == {FACILITY, school.name}
        assert capsys.readouterr().out == ""
    finally:
        superuser.remove(school.name)


def test_a_removal_that_fails_says_how_to_remove_by_hand(superuser, monkeypatch, capsys):
    def refuse(_name):
        raise CapacityError("the job failed")

    with monkeypatch.context() as patch:
        patch.setattr(superuser, "remove", refuse)
        with (
            pytest.raises(CapacityError, match="the job failed"),
            own_facility(superuser) as ground,
        ):
            pass
    said = capsys.readouterr().err
    assert ground.name in said
    assert "Remove facility" in said
    superuser.remove(ground.name)


def test_an_administrator_with_a_wrong_password_is_refused(url):
    with pytest.raises(CapacityError, match="no super admin"):
        Superuser(url, SUPERUSER, "a wrong password")
