"""Kolibri's static files as nginx sends them: ``python -m kolibri_container.static_files FOLDER``.

FOLDER mirrors the addresses on both origins, as links into the installed packages. Kolibri's
release brings a ``.gz`` beside most files, and of the plain file only its name; a ``.br`` is made
from each. Run once, when the image is built: no database, network or setting is needed.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Where the files lie in FOLDER: as their addresses begin (0.19.5, deployment/default/).
SITE = "static"
SANDBOX = "content/static"

#: The application whose files the sandbox is made of (0.19.5, deployment/default/alt_wsgi.py).
SANDBOX_APPLICATION = "kolibri.core.content"

#: What a browser asks for without being told by a developer's tools.
WORTH_BROTLI = (".css", ".html", ".js", ".json", ".svg", ".ttf")

#: The best there is: a fifth less than gzip's best, for 40 s of one processor at the build.
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
    """Put a ``.br`` beside each ``.gz`` that is worth it; how many."""
    paths = [path for path in folder.rglob("*.gz") if path.with_suffix("").suffix in WORTH_BROTLI]
    # The largest first, so that no processor is left alone with it at the end.
    paths.sort(key=lambda path: path.stat().st_size, reverse=True)
    with multiprocessing.Pool() as pool:
        pool.map(_compress, paths, chunksize=1)
    return len(paths)


def set_up_django(home: str) -> None:
    """Load Kolibri's applications, with its own defaults.

    :param home: an empty folder, as KOLIBRI_HOME.
    """
    # With its own defaults, Kolibri makes empty SQLite files in this home; with the plugin it would
    # want the real database, and secrets.
    for variable in [name for name in os.environ if name.startswith("KOLIBRI_")]:
        del os.environ[variable]
    os.environ["KOLIBRI_HOME"] = home
    import kolibri  # noqa: F401 (puts the libraries that it brings along on the path)

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
    """The first of two files of one name counts, as with Django's own finders."""
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def _is_hollow(path: str) -> bool:
    """Whether only the ``.gz`` beside the file holds its bytes, or it just says how many."""
    if path.endswith(".file_size"):
        return os.path.exists(path[: -len(".file_size")] + ".gz")
    return os.path.getsize(path) == 0 and os.path.exists(f"{path}.gz")


def _compress(path: Path) -> None:
    # Only the image's build has it.
    import brotli

    body = gzip.decompress(path.read_bytes())
    path.with_suffix(".br").write_bytes(brotli.compress(body, quality=QUALITY))


if __name__ == "__main__":
    main()
