"""The tools that build and run the image: the source of its base, and the remains of a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devtools.container import engine, storage
from devtools.container.base_image import MissingBaseError, debian_sources
from devtools.container.container import environment_file
from devtools.container.engine import Engine, MissingEngineError

NEW_STYLE = """\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
OLD_STYLE = """\
# deb http://old.example/debian bookworm main
deb [signed-by=/usr/share/keyrings/x.gpg] https://mirror.example/debian bookworm main
deb https://other.example/apt stable main
"""


@pytest.fixture(autouse=True)
def forget_the_engine():
    engine.find_engine.cache_clear()
    yield
    engine.find_engine.cache_clear()


def sources(tmp_path, text):
    (tmp_path / "list").write_text(text)
    return "".join(debian_sources("trixie", (tmp_path, tmp_path / "absent")))


def test_the_base_is_made_from_the_archives_of_this_machine(tmp_path):
    assert sources(tmp_path, NEW_STYLE) == (
        "deb http://mirror.example/debian trixie main\n"
        "deb http://mirror.example/debian trixie-updates main\n"
        "deb http://mirror.example/debian-security trixie-security main\n"
    )


def test_archives_of_others_and_comments_do_not_count(tmp_path):
    assert sources(tmp_path, OLD_STYLE) == (
        "deb https://mirror.example/debian trixie main\n"
        "deb https://mirror.example/debian trixie-updates main\n"
    )


def test_a_machine_without_debians_archives_is_told_so(tmp_path):
    with pytest.raises(MissingBaseError, match="names no archive of Debian"):
        sources(tmp_path, "")


def test_an_error_names_the_engines_tried_and_the_package_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv(engine.VARIABLE, raising=False)
    with pytest.raises(MissingEngineError) as raised:
        engine.find_engine()
    for word in ("docker: not installed", "podman: not installed", "apt-get install"):
        assert word in str(raised.value)


def test_the_environment_of_a_container_is_in_a_file_that_only_its_owner_reads():
    with environment_file({"IDENTITY_HEADER": "secret"}) as path:
        assert os.stat(path).st_mode & 0o077 == 0
        assert Path(path).read_text() == "IDENTITY_HEADER=secret\n"
    assert not Path(path).exists()


def test_podman_keeps_all_it_has_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVTOOLS_STATE", str(tmp_path))
    environment = storage.podman_environment()
    for name in ("CONTAINERS_STORAGE_CONF", "CONTAINERS_CONF", "TMPDIR"):
        assert environment[name].startswith(str(tmp_path / "containers"))
    text = Path(environment["CONTAINERS_STORAGE_CONF"]).read_text()
    assert text.count(str(tmp_path / "containers")) == 2


def test_the_error_of_a_failed_command_includes_the_engines_output(tmp_path):
    program = tmp_path / "podman"
    program.write_text("#!/bin/sh\necho no such image >&2\nexit 125\n")
    program.chmod(0o755)
    with pytest.raises(engine.EngineError, match="image inspect failed: no such image"):
        Engine(str(program), dict(os.environ)).run("image", "inspect", "x")
