"""The capacity's children, sums and options."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
import time

import pytest

from bench.capacity import __main__ as command
from bench.capacity import measured, page, sizing
from bench.capacity.expense import Expense, machine_seconds, processor_seconds
from bench.capacity.facility import NAME, Superuser
from bench.capacity.process import Phase
from bench.capacity.rounds import BEGIN, PAGES, name_of, rest_of_round, sign_in
from bench.capacity.trial import LIMIT_MS, Trial, is_good
from bench.lesson.mix import ROUND

#: A process with as many open files as for a thousand children, and a connection that ends.
MANY_FILES = """
import os, socket
import locust
from geventhttpclient.connectionpool import ConnectionPool
from bench.capacity.connections import allow_many_connections
allow_many_connections()
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1024)]
here, there = socket.socketpair()
print(ConnectionPool._is_socket_alive(None, here))
there.close()
print(ConnectionPool._is_socket_alive(None, here))
"""


def test_the_pages_are_the_round_of_the_lesson():
    assert tuple(request for each in PAGES for request in each) == ROUND


def test_a_child_with_a_password_sends_an_empty_one_first_as_browsers_do():
    names = [name_of(request) for request in sign_in(passwords=True)]
    assert names[0] == "/en/auth/"
    assert names[-2:] == ["/api/auth/session/, answered 400", "/api/auth/session/"]
    assert names.count("/api/auth/session/") == 1


def test_a_child_without_a_password_signs_in_at_once():
    names = [name_of(request) for request in sign_in(passwords=False)]
    assert [name for name in names if "session" in name] == ["/api/auth/session/"]


def test_each_report_of_a_working_child_has_a_pause_of_its_own():
    reports = [each for each in PAGES if any("$session" in request.address for request in each)]
    assert {len(each) for each in reports} == {1}


@pytest.mark.parametrize("first", range(len(PAGES)))
def test_a_child_opens_an_exercise_before_it_reports(first):
    requests = [request for each in rest_of_round(first) for request in each]
    opened = requests.index(BEGIN)
    assert not any("$session" in request.address for request in requests[:opened])
    assert requests[-1] == ROUND[-1]


def phase(**changes):
    usual = Phase(
        seconds=60,
        learners=300,
        requests=2000,
        p50=20,
        p95=100,
        sign_ins=300,
        is_busy=False,
        pieces=0,
        failures={},
        p95_of={},
    )
    return dataclasses.replace(usual, **changes)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"p95": LIMIT_MS}, False),
        ({"failures": {"GET /: status 500": 1}}, False),
        ({"requests": 0, "p95": 0}, False),
        ({"is_busy": True}, False),
    ],
)
def test_a_phase_is_good_with_fast_answers_and_no_error(changes, good):
    assert is_good(phase(**changes)) is good


def test_a_trial_says_which_phase_was_too_much():
    assert Trial(300, phase(), phase()).reason == ""
    assert Trial(300, phase(p95=1500), None).reason == "signing in: p95 1,500 ms"
    failed = phase(failures={"GET /: status 500": 2})
    assert Trial(300, phase(), failed).reason == "the lesson: 2 errors, p95 100 ms"


def expense(seconds, server, database, statements):
    used = {"server": server, "database": database, "load": 0.1}
    machine = sum(used.values()) + 0.5 * seconds
    return Expense(seconds, used, machine, statements, transactions=statements, connections=20)


def test_what_the_server_does_without_visitors_is_subtracted():
    found = expense(60, 13.0, 5.0, 1000).beyond(expense(20, 1.0, 0.5, 100))
    assert found.processor["server"] == pytest.approx(10.0)
    assert found.processor["database"] == pytest.approx(3.5)
    assert found.statements == 700


def test_what_other_programs_used_is_told_apart():
    used = expense(60, 30.0, 6.0, 1000).processors
    assert used["server"] == pytest.approx(0.5)
    assert used["database"] == pytest.approx(0.1)
    assert used["others"] == pytest.approx(0.5)


def test_the_time_of_the_machine_includes_that_of_each_process():
    before, own = machine_seconds(), time.process_time()
    while time.process_time() < own + 0.3:
        pass
    # The system counts in hundredths of a second.
    assert machine_seconds() - before > 0.2


def search_result():
    """300 learners: in the lesson, 2000 requests of 5 ms; each sign-in takes 60 ms."""
    storm = phase(seconds=120, requests=300 * len(sign_in(passwords=True)) + 1000)
    best = Trial(
        300, storm, phase(), expense(120, 18.0 + 5.0, 2.5, 4200), expense(60, 10.0, 4.0, 6000)
    )
    too_many = Trial(330, phase(p95=1500), None)
    rest = expense(20, 0, 0, 0)
    return measured.found(
        best, [best, too_many], rest, "a machine", passwords=True, storm_seconds=120
    )


def test_the_cost_of_a_sign_in_leaves_out_those_who_work_already():
    found = search_result()
    assert found.request.server_ms == pytest.approx(5)
    assert found.sign_in.server_ms == pytest.approx(60)
    assert found.sign_in.statements == pytest.approx(4)
    assert found.rate == pytest.approx(1 / 9)
    assert found.limit == "330 learners: signing in: p95 1,500 ms"
    assert found.circumstances.startswith("a machine. All other programs of the machine kept 0.50")


def test_what_was_measured_is_kept(tmp_path):
    file = tmp_path / "measured.json"
    kept = measured.Measured(search_result(), measured.load().instances, "another machine")
    kept.save(file)
    again = measured.load(file)
    assert again.found.learners == 300
    assert again.found.request.server_ms == pytest.approx(5)
    again.save(file)
    assert measured.load(file) == again


def test_the_processor_time_of_a_process_that_has_ended_still_counts():
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    script = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]);"
        "print('done', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert processor_seconds(process.pid) >= 0.5
        process.communicate(b"\n")


def test_a_thousand_children_keep_their_connections(repository):
    answer = subprocess.run(
        [sys.executable, "-c", MANY_FILES],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["True", "False"]


@pytest.mark.parametrize(
    ("number", "rounded"),
    [(64.9, 60), (655, 650), (1990, 1500), (10_400, 10_000), (3, 0)],
)
def test_a_number_of_learners_is_rounded_down(number, rounded):
    assert sizing.round_down(number) == rounded


def test_a_size_carries_what_its_first_limit_allows():
    found = search_result()
    medium = sizing.template_sizes()["medium"]
    carried = sizing.carried(medium, found)
    # Two instances with two processors; half of them; 5/9 ms for the lesson, 1/2 for the sign-in.
    assert carried.at_once == pytest.approx(2 * 2 * 500 / (5 / 9 + 1 / 2))
    assert carried.first_limit == "sign-ins at the same time"
    assert carried.learners == sizing.round_down(carried.at_once)
    # What an instance does without visitors leaves less for them: here half of a processor.
    busy = dataclasses.replace(found, rest={**found.rest, "server_seconds": 1800})
    assert sizing.carried(medium, busy).at_once == pytest.approx(carried.at_once * 3 / 4)
    weak = sizing.carried({**medium, "databaseSku": "Standard_B2s"}, found)
    assert weak.first_limit == "processors of the database"


def test_every_size_of_the_template_has_a_known_machine_and_database():
    for size in sizing.template_sizes().values():
        assert size["planSku"] in sizing.MACHINES
        assert size["databaseSku"] in sizing.DATABASES


def test_a_site_is_not_visited_without_yes(capsys):
    with socket.create_server(("127.0.0.1", 0)) as site:
        address = f"http://127.0.0.1:{site.getsockname()[1]}"
        assert command.main(["--address", address]) == 1
        site.setblocking(False)
        with pytest.raises(BlockingIOError):
            site.accept()
    assert "without --yes" in capsys.readouterr().err


def test_only_facilities_of_a_run_are_removed(monkeypatch):
    own, a_school = f"{NAME} 0a1b2c3d", "My school"
    alike = [NAME, f"{NAME} 2026", f"{NAME} of a school", f"{own} (copy)", f"{own}\n", f"A {own}"]
    found = [{"name": name} for name in (a_school, *alike, own)]
    monkeypatch.setattr(Superuser, "_sign_in", lambda _self: None)
    monkeypatch.setattr(Superuser, "_facilities", lambda _self: found)
    assert Superuser("http://127.0.0.1:1", "admin", "secret").leftovers() == [own]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--write", "--address", "http://127.0.0.1:1"], "--address"),
        (["--remove"], "--address"),
        (["--minutes", "12", "--instances", "1,2"], "--instances"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments, named, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert named in capsys.readouterr().err


def test_a_search_fills_the_page_without_anything_by_hand(tmp_path, monkeypatch):
    file = tmp_path / "measured.json"
    monkeypatch.setattr(measured.load, "__defaults__", (file,))
    before = measured.load(measured.FILE)
    before.with_found(search_result()).save(file)
    shown = page.text(measured.load())
    assert "The image carried **300 learners**" in shown
    assert "| 300 | 100 | 100 | 0 | yes | 0.17, 0.07, 0.00, 0.50 |" in shown
    assert "Preliminary, from a run" not in shown
