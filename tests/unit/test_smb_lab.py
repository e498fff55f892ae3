"""An error says how to get the SMB lab where a requirement is missing."""

from __future__ import annotations

import sys

import pytest

from devtools.smb import requirements


@pytest.fixture(autouse=True)
def usual_machine(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(requirements.platform, "machine", lambda: "x86_64")


def test_all_packages_are_named_that_are_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(requirements, "PATH", str(tmp_path))
    reason = requirements.missing_requirements()
    assert "apt-get install" in reason
    for package in set(requirements.PROGRAMS.values()):
        assert f" {package}" in reason


def test_continuous_integration_installs_them(repository):
    script = (repository / ".ci" / "run").read_text()
    for packages in (*requirements.PROGRAMS.values(), *requirements.COMPILER.values()):
        for package in packages.split():
            assert package in script


@pytest.mark.parametrize("amx", [True, False])
def test_a_compiler_is_needed_where_the_processor_has_amx(monkeypatch, tmp_path, amx):
    monkeypatch.setattr(requirements, "PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "has_amx", lambda: amx)
    assert ("libc6-dev" in requirements.missing_requirements()) == amx


def test_another_user_than_root_is_told_so(monkeypatch):
    monkeypatch.setattr(requirements.shutil, "which", lambda name, **_path: f"/usr/bin/{name}")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    assert "run as root" in requirements.missing_requirements()


def test_elsewhere_than_on_linux_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "x86-64 only" in requirements.missing_requirements()
