"""Who can't have the lab of the SMB client is told what to do about it."""

from __future__ import annotations

import sys

import pytest

from devtools.smb import needs


@pytest.fixture(autouse=True)
def usual_machine(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(needs.platform, "machine", lambda: "x86_64")


def test_all_packages_are_named_that_are_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(needs, "PATH", str(tmp_path))
    reason = needs.what_is_missing()
    assert "apt-get install" in reason
    for package in set(needs.PROGRAMS.values()):
        assert f" {package}" in reason


def test_continuous_integration_installs_them(repository):
    script = (repository / ".ci" / "run").read_text()
    for packages in (*needs.PROGRAMS.values(), *needs.COMPILER.values()):
        for package in packages.split():
            assert package in script


@pytest.mark.parametrize("amx", [True, False])
def test_a_compiler_is_needed_where_the_processor_has_amx(monkeypatch, tmp_path, amx):
    monkeypatch.setattr(needs, "PATH", str(tmp_path))
    monkeypatch.setattr(needs, "has_amx", lambda: amx)
    assert ("libc6-dev" in needs.what_is_missing()) == amx


def test_another_user_than_root_is_told_so(monkeypatch):
    monkeypatch.setattr(needs.shutil, "which", lambda name, **_path: f"/usr/bin/{name}")
    monkeypatch.setattr(needs.os, "geteuid", lambda: 1000)
    assert "run as root" in needs.what_is_missing()


def test_elsewhere_than_on_linux_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "x86-64 only" in needs.what_is_missing()
