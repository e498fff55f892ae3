"""Kolibri's static files, laid out for nginx when the image is built."""

from __future__ import annotations

import gzip

import pytest

from kolibri_azure_plugin.container import static_files

pytestmark = pytest.mark.slow


def names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_every_file_of_every_application_is_there(static):
    found = names(static / "static")

    assert any(name.startswith("kolibri.plugins.learn.app/") for name in found)
    assert "assets/default_theme/background.jpg" in found
    assert len(found) > 500


def test_nothing_is_copied(static):
    files = [path for path in static.rglob("*") if path.is_file()]
    assert files
    assert all(path.is_symlink() for path in files)


def test_files_that_kolibri_emptied_exist_only_compressed(static):
    found = names(static / "static")

    for path in (static / "static").rglob("*"):
        assert not path.is_file() or path.stat().st_size > 0, path
    assert not any(name.endswith(".file_size") for name in found)
    assert any(name.endswith(".js.gz") and name.removesuffix(".gz") not in found for name in found)


def test_the_sandbox_has_its_own_files_only(static):
    sandbox = static / "content" / "static"

    assert {path.name for path in sandbox.iterdir()} == {"bloom", "h5p", "sandbox"}
    assert all(path.resolve().is_relative_to(static) for path in sandbox.iterdir())


def test_scripts_and_styles_get_a_brotli_form(tmp_path):
    brotli = pytest.importorskip("brotli", reason="brotli is missing: pip install brotli")
    body = b"let answer = 42;\n" * 1000
    for name in ("a.js.gz", "b.css.gz", "c.js.map.gz"):
        (tmp_path / name).write_bytes(gzip.compress(body))

    assert static_files.compress(tmp_path) == 2
    assert brotli.decompress((tmp_path / "a.js.br").read_bytes()) == body
    assert not (tmp_path / "c.js.map.br").exists()
    assert (tmp_path / "b.css.br").stat().st_size < (tmp_path / "b.css.gz").stat().st_size
