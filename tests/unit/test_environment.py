"""The environment that the Makefile prepares, on machines with other Pythons."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

USED = ("cat", "cksum", "dirname", "rm")

#: A Python as the script sees it: its version, whether it has venv, and its use.
STUB = """#!/bin/sh
case "$*" in
    *version_info*) echo {version} ;;
    *ensurepip*) {venv} ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip "*) echo "pip $*" >>"$LOG" ;;
esac
"""


@pytest.fixture
def machine(tmp_path, repository):
    """A machine without Python, with a copy of the files that the script reads."""
    (tmp_path / "bin").mkdir()
    for name in (*USED, "mkdir", "cp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    checkout = tmp_path / "checkout"
    (checkout / "devtools").mkdir(parents=True)
    shutil.copy(repository / "devtools" / "environment.sh", checkout / "devtools")
    shutil.copy(repository / "setup.py", checkout)
    shutil.copytree(repository / "requirements", checkout / "requirements")
    return tmp_path


def add_python(machine, name, version, *, venv=True):
    path = machine / "bin" / name
    path.write_text(STUB.format(version=version, venv="true" if venv else "false"))
    path.chmod(0o755)


def prepare(machine, *python):
    return subprocess.run(
        [
            shutil.which("sh"),
            machine / "checkout/devtools/environment.sh",
            ".venv",
            "demo",
            *python,
        ],
        env={"PATH": str(machine / "bin"), "LOG": str(machine / "pip.log"), "HOME": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


def installations(machine):
    log = machine / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_package_and_the_requirements_are_installed_once(machine):
    add_python(machine, "python3", "3.11")

    assert prepare(machine).returncode == 0
    assert prepare(machine).stdout == ""

    [command] = installations(machine)
    assert "-r requirements/demo.txt --editable ." in command


def test_changed_requirements_are_installed(machine):
    add_python(machine, "python3", "3.11")
    prepare(machine)

    with (machine / "checkout/requirements/demo.txt").open("a") as file:
        file.write("another-package\n")
    prepare(machine)

    assert len(installations(machine)) == 2


def test_another_python_is_taken_where_python3_is_too_old_or_too_new(machine):
    add_python(machine, "python3", "3.14")
    add_python(machine, "python3.10", "3.10")

    assert "with Python 3.10 (python3.10)" in prepare(machine).stdout


def test_an_environment_with_the_wrong_python_is_built_again(machine):
    add_python(machine, "python3", "3.11")
    add_python(machine, "python3.12", "3.12")
    prepare(machine)

    assert "with Python 3.12 (python3.12)" in prepare(machine, "python3.12").stdout
    assert prepare(machine).stdout == ""


def test_an_old_python_is_named_with_the_package_to_install(machine):
    add_python(machine, "python3", "3.8")

    result = prepare(machine)

    assert result.returncode == 1
    assert "Python 3.9 to 3.13 is needed; found: python3 (3.8)" in result.stderr
    assert "apt-get install python3" in result.stderr


def test_a_machine_without_python_is_told_so(machine):
    result = prepare(machine)

    assert result.returncode == 1
    assert "found: none" in result.stderr


def test_a_missing_venv_module_is_named_with_its_package(machine):
    add_python(machine, "python3", "3.11", venv=False)

    result = prepare(machine)

    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr
    assert not (machine / "checkout" / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "complaint"),
    [("3.14", "PYTHON=python3.x is version 3.14"), ("", "PYTHON=python3.x can't be run")],
)
def test_a_python_that_was_asked_for_and_will_not_do_is_refused(machine, version, complaint):
    add_python(machine, "python3", "3.11")
    add_python(machine, "python3.x", version)

    result = prepare(machine, "python3.x")

    assert result.returncode == 1
    assert complaint in result.stderr
