"""nginx accepts its configuration for each mode and machine."""

from __future__ import annotations

import os
import re
import resource
import subprocess

import pytest

from kolibri_azure_plugin.container import nginx
from kolibri_azure_plugin.container.nginx import (
    CONTENT_HELD_BACK,
    Nginx,
    is_content_suspended,
    resume_content,
    suspend_content,
)

from .fronts import require_nginx


@pytest.fixture
def write(tmp_path):
    """Write a configuration; returns nginx's verdict."""
    require_nginx()

    def write_and_test(**options):
        configuration = Nginx(
            run=tmp_path,
            static=tmp_path / "static files",
            content=tmp_path / "content",
            listen="127.0.0.1:8080",
            **options,
        )
        configuration.write()
        environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        tested = [
            subprocess.run(
                [*command, "-t"], capture_output=True, text=True, check=False, env=environment
            )
            for command in (configuration.command(), configuration.content_command())
        ]
        return max(each.returncode for each in tested), "".join(each.stderr for each in tested)

    return write_and_test


MODES = {
    "one origin": {},
    "two origins": {"zipcontent_host": "content.example.org"},
    "the second origin": {"zipcontent_only": True},
    "without a proxy": {"behind_proxy": False, "access_log": "/dev/stdout"},
}


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
@pytest.mark.parametrize("has_brotli", [True, False])
def test_nginx_takes_the_configuration(write, options, has_brotli, monkeypatch, tmp_path):
    if not has_brotli:
        monkeypatch.setattr(nginx, "MODULES", tmp_path)

    code, said = write(**options)

    assert code == 0, said
    assert "warn" not in said


def test_without_its_modules_brotli_is_not_spoken_of(write, monkeypatch, tmp_path):
    monkeypatch.setattr(nginx, "MODULES", tmp_path)
    write()

    texts = "".join(
        path.read_text() for path in (tmp_path / "nginx").glob("*.conf") if path.stem != "brotli"
    )
    assert not re.search(r"^\s*(load_module|brotli\w* )", texts, re.MULTILINE)


def test_nothing_lies_outside_the_folder_of_the_run(write, tmp_path):
    write()
    texts = "".join(path.read_text() for path in (tmp_path / "nginx").glob("*.conf"))

    # Only the first nginx has the cache of answers.
    names = {"pid": 2, "client_body_temp_path": 2, "proxy_temp_path": 2, "proxy_cache_path": 1}
    for name, processes in names.items():
        paths = re.findall(rf"^\s*{name} (\S+?);?(?:\s|$)", texts, re.MULTILINE)
        assert len(set(paths)) == processes
        assert all(path.startswith(f"{tmp_path}/") for path in paths)


def test_media_types_are_those_of_kolibris_own_server(write, tmp_path):
    write()
    text = (tmp_path / "nginx" / "types.conf").read_text()
    from whitenoise.media_types import MediaTypes

    kolibris = MediaTypes()
    found = re.findall(r'^    "([^"]+)" (\w+);$', text, re.MULTILINE)
    assert len(found) > 90
    for kind, extension in found:
        assert kind.partition(";")[0] == kolibris.get_type(f"file.{extension}")
    assert f"default_type {kolibris.get_type('file')};" in text


def test_no_more_files_are_asked_for_than_the_machine_allows(write, tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    write(connections=2048)

    assert "worker_rlimit_nofile 1024;" in (tmp_path / "nginx" / "nginx.conf").read_text()


def test_content_is_held_back_before_nginx_runs_too(write, tmp_path):
    write()
    suspend_content(tmp_path)
    assert "return 503;" in (tmp_path / "nginx" / CONTENT_HELD_BACK).read_text()

    assert is_content_suspended(tmp_path)

    resume_content(tmp_path)
    assert not is_content_suspended(tmp_path)
    assert (tmp_path / "nginx" / CONTENT_HELD_BACK).read_text() == ""
