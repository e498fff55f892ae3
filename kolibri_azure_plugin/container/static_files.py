"""Prepares Kolibri's static files for nginx.

Usage: ``python -m kolibri_azure_plugin.container.static_files FOLDER``.

FOLDER mirrors the URLs of both origins, with links to the installed packages. For most files,
Kolibri's release contains a ``.gz`` and an empty plain file. This adds a ``.br`` to each. It runs
once, when the image is built, and needs no database, network or settings.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: The folders in FOLDER, named like the beginning of the URLs (0.19.5, deployment/default/).
SITE = "static"
SANDBOX = "content/static"

#: The application with the sandbox's files (0.19.5, deployment/default/alt_wsgi.py).
SANDBOX_APPLICATION = "kolibri.core.content"

#: Files that browsers request, as opposed to those for developer tools.
WORTH_BROTLI = (".css", ".html", ".js", ".json", ".svg", ".ttf")

#: The highest quality: a fifth smaller than gzip's best, for 40 s of one CPU during the build.
QUALITY = 11


def main() -> None:
    [folder] = (Path(argument) for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as home:
        set_up_django(home)
        link(folder)
    compressed = compress(folder)
    sys.stdout.write(f"{compressed} files in {folder} compressed with brotli\n")


def link(folder: Path) -> None:
    """Link each static file of the applications that Kolibri enables by default."""
    for name, path in _files():
        if not _is_hollow(path):
            _link(folder / SITE / name, path)
    for name in _sandbox_folders():
        _link(folder / SANDBOX / name, os.path.relpath(folder / SITE / name, folder / SANDBOX))


def compress(folder: Path) -> int:
    """Add a ``.br`` to each ``.gz`` that is worth it; returns how many."""
    paths = [path for path in folder.rglob("*.gz") if path.with_suffix("").suffix in WORTH_BROTLI]
    # The largest first, so that all processors finish at about the same time.
    paths.sort(key=lambda path: path.stat().st_size, reverse=True)
    with multiprocessing.Pool() as pool:
        pool.map(_compress, paths, chunksize=1)
    return len(paths)


def set_up_django(home: str) -> None:
    """Load Kolibri's applications with its own defaults.

    :param home: an empty folder for KOLIBRI_HOME.
    """
    # With its own defaults, Kolibri creates empty SQLite files in this home. With the plugin it
    # would need the real database, and secrets.
    for variable in [name for name in os.environ if name.startswith("KOLIBRI_")]:
        del os.environ[variable]
    os.environ["KOLIBRI_HOME"] = home
    import kolibri  # noqa: F401 (puts its bundled libraries on the path)

    # isort: split
    import django

    django.setup()


def _files() -> Iterator[tuple[str, str]]:
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list([]):
            yield name, storage.path(name)


def _sandbox_folders() -> list[str]:
    from django.apps import apps

    [application] = (app for app in apps.get_app_configs() if app.name == SANDBOX_APPLICATION)
    return os.listdir(os.path.join(application.path, "static"))


def _link(link: Path, target: str) -> None:
    """Link a file unless an earlier one has the same name, as Django's own finders do."""
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def _is_hollow(path: str) -> bool:
    """Whether the file is an empty stand-in for its ``.gz``, or just states the size of one."""
    if path.endswith(".file_size"):
        return os.path.exists(path[: -len(".file_size")] + ".gz")
    return os.path.getsize(path) == 0 and os.path.exists(f"{path}.gz")


def _compress(path: Path) -> None:
    # Installed only while the image is built.
    import brotli

    body = gzip.decompress(path.read_bytes())
    path.with_suffix(".br").write_bytes(brotli.compress(body, quality=QUALITY))


if __name__ == "__main__":
    main()
