"""Kolibri has changed a function that the plugin patches: start, log and doctor report it."""

from __future__ import annotations

import json

import kolibri
import pytest
import requests

from devtools.ports import free_port
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

from .changed import (
    CORRECTNESS,
    FILENAMES,
    GONE,
    LANGUAGE,
    SAFETY,
    SPEED,
    WHITENOISE,
    change_kolibri,
)
from .examination import examine
from .serving import gunicorn, kolibri_start

pytestmark = pytest.mark.slow

CHECK = "azure.kolibri.patches"
ACCEPT = "KOLIBRI_AZURE_ACCEPT_CHANGED_KOLIBRI"

#: The output that the issue asks for.
LEFT_ALONE = "so the plugin leaves out a patch:"
EXPOSED = (
    f"{WHITENOISE}, {LEFT_ALONE} Uploads and exports are served to anyone who guesses their names."
)
REMOVED = (
    f"{FILENAMES}, {LEFT_ALONE} An export with a changed file name is removed when another one is "
    "created."
)
SLOWER = f"{LANGUAGE}, {LEFT_ALONE} The device settings are read 57 times in a request for a page."


def lines_about(output, words):
    return [line for line in output.splitlines() if words in line]


def start(deployment, *arguments):
    ports = (f"--port={free_port()}", f"--zip-port={free_port()}")
    return deployment.run("start", "--foreground", *ports, *arguments)


def wait_for_workers(site):
    site.wait_until(lambda: "runs the background workers" in site.output, "its workers", 60)


def serves_media(site, deployment):
    """Whether anyone can download uploads and exports."""
    (deployment.home / "media").mkdir(exist_ok=True)
    (deployment.home / "media" / "users.csv").write_text("names\n")
    answer = requests.get(f"{site.url}/media/users.csv", timeout=30)
    return answer.status_code == 200 and answer.text == "names\n"


def test_safety_ends_a_start_and_the_doctor_says_the_same(provisioned, counts):
    change_kolibri(provisioned, SAFETY)
    started = start(provisioned)
    examination = examine(provisioned)
    found, blocked = examination[CHECK], examination["azure.kolibri.start"]
    counts(f"SAFETY, the start: exit code {started.returncode}\n{started.stderr.strip()}")
    counts(f"SAFETY, the doctor: {found['status']}: {found['message']}\n{found['cause']}")

    assert started.returncode == EXIT_CODE
    failed = "Kolibri has changed functions that this plugin patches to keep data safe."
    assert failed in started.stderr
    assert EXPOSED in started.stderr
    assert f"{ACCEPT}={kolibri.__version__}" in started.stderr
    assert "#kolibri-changed" in started.stderr
    assert found["status"] == "fail"
    assert EXPOSED in found["cause"]
    assert blocked["message"] == f"needs {CHECK}"
    assert examination.exit_code == 1


def test_a_difference_accepted_for_another_version_ends_it_too(provisioned):
    change_kolibri(provisioned, SAFETY)
    provisioned.environment[ACCEPT] = "0.19.99"
    assert provisioned.run("manage", "--skip-update", "check").returncode == EXIT_CODE
    assert examine(provisioned, "--only", CHECK)[CHECK]["status"] == "fail"


def test_safety_that_was_accepted_is_an_error_in_the_log_and_a_warning_of_the_doctor(
    provisioned, counts
):
    change_kolibri(provisioned, SAFETY)
    provisioned.environment[ACCEPT] = kolibri.__version__
    with kolibri_start(provisioned) as site:
        served = serves_media(site, provisioned)
        wait_for_workers(site)
        said = lines_about(site.output, WHITENOISE)
    found = examine(provisioned, "--only", CHECK)[CHECK]
    counts(f"SAFETY, accepted, the log:\n{said[0]}\nand what lies in media is served: {served}")
    counts(f"SAFETY, accepted, the doctor: {found['status']}: {found['message']}\n{found['cause']}")

    assert len(said) == 1
    assert " ERROR " in said[0]
    assert f"{EXPOSED} {ACCEPT} permits it." in said[0]
    assert served
    assert found["status"] == "warn"
    assert EXPOSED in found["cause"]


def test_the_other_kinds_are_left_out_with_a_line_of_each_start(provisioned, counts):
    change_kolibri(provisioned, {**CORRECTNESS, **SPEED})
    with kolibri_start(provisioned) as site:
        served = serves_media(site, provisioned)
        wait_for_workers(site)
        wrong, slower = (lines_about(site.output, name) for name in (FILENAMES, LANGUAGE))
    examination = examine(provisioned)
    found = examination[CHECK]
    counts(f"CORRECTNESS, the log:\n{wrong[0]}")
    counts(f"SPEED, the log:\n{slower[0]}")
    counts(f"CORRECTNESS, the doctor: {found['status']}: {found['message']}\n{found['cause']}")
    counts(f"SPEED, the doctor's detail: {found['measurements']['slower']}")

    assert len(wrong) == len(slower) == 1
    assert " WARNING " in wrong[0]
    assert REMOVED in wrong[0]
    assert " INFO " in slower[0]
    assert SLOWER in slower[0]
    assert not served
    assert found["status"] == "warn"
    assert REMOVED in found["cause"]
    assert LANGUAGE not in found["cause"]
    assert found["measurements"]["left_out"] == [LANGUAGE, FILENAMES]
    assert examination["azure.kolibri.start"]["status"] == "pass"
    assert examination.exit_code == 0


def test_two_web_processes_of_one_start_say_it_once(provisioned):
    change_kolibri(provisioned, SPEED)
    with gunicorn(provisioned) as site:
        assert requests.get(f"{site.url}/api/public/info/", timeout=60).ok
        assert len(lines_about(site.output, SLOWER)) == 1


def test_without_a_speed_patch_the_doctor_passes_with_a_detail(provisioned):
    change_kolibri(provisioned, SPEED)
    found = examine(provisioned, "--only", CHECK)[CHECK]
    assert found["status"] == "pass"
    assert SLOWER in found["measurements"]["slower"][0]


def test_a_function_that_is_gone_is_as_one_that_has_changed(provisioned):
    change_kolibri(provisioned, GONE)
    result = provisioned.run("manage", "--skip-update", "check")
    assert result.returncode == 0, result.stderr
    assert REMOVED in result.stdout
    assert REMOVED in examine(provisioned, "--only", CHECK)[CHECK]["cause"]


def test_dependent_patches_are_left_out_together(provisioned):
    """Otherwise the database would be upgraded twice, or never."""
    words = ("Running update routines for new version...", "Running update routines...")
    change_kolibri(provisioned, {"utils/main.py": words})
    provisioned.environment[ACCEPT] = kolibri.__version__
    measured = examine(provisioned, "--only", CHECK)[CHECK]["measurements"]
    assert measured["left_out"] == [
        "kolibri.utils.main.update",
        "kolibri.utils.main.run_plugin_updates",
    ]
    applied = provisioned.run(
        "manage", "--skip-update", "shell", "-c",
        "from kolibri.utils import main; from kolibri_azure_plugin.wrapping import original; "
        "print('FOUND', [main.update is original(main.update), "
        "main.run_plugin_updates is original(main.run_plugin_updates), "
        "main._migrate_databases is original(main._migrate_databases)])",
    )  # fmt: skip
    assert json.loads(applied.stdout.partition("FOUND ")[2].splitlines()[0].lower()) == [
        True,
        True,
        False,
    ]
