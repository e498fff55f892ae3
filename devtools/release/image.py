"""The container image: built from the release's commit, in the layout of a registry."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from devtools.container.base_image import BASE, base_image
from devtools.container.engine import Engine
from devtools.container.image import build_image
from devtools.release import registry
from devtools.release.output import Output
from devtools.release.source import ReleaseError, Source

SAVE_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class ImageFacts:
    """The facts about a built image.

    :param name: its name in this machine's engine.
    :param digest: the digest of its manifest, as ``sha256:…``; the same in every registry.
    :param platform: such as ``linux/amd64``.
    :param size: the download size of its layers, in bytes.
    :param base: its base image, with the digest if it came from a registry.
    :param is_stand_in: whether the base is a stand-in, because the real one was not reachable.
    """

    name: str
    digest: str
    platform: str
    size: int
    base: str
    is_stand_in: bool


def make_image(source: Source, output: Output, engine: Engine) -> ImageFacts:
    """Build the image from `source`, and store the files to push in `output`.

    Raises ReleaseError, and the errors of build_image.
    """
    base = base_image(engine)
    digest = _digest_of_base(engine) if base == BASE else ""
    name = build_image(
        engine,
        name=f"localhost/kolibri-azure:{source.tag}",
        dockerfile=source.folder / "docker" / "Dockerfile",
        context=source.folder,
        arguments={
            "PYTHON_IMAGE": f"{base}@{digest}" if digest else base,
            "BASE_DIGEST": digest or "unknown",
            "VERSION": source.version,
            "REVISION": source.revision,
            "CREATED": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
    )
    _lay_out(engine, name, output)
    facts = _facts(output, name=name, base=f"{base}@{digest}" if digest else base)
    output.facts.write_text(json.dumps(dataclasses.asdict(facts), indent=2) + "\n")
    return facts


def load_image(output: Output, engine: Engine, name: str) -> None:
    """Load the image in `output` into `engine`, as `name`.

    Raises ReleaseError and EngineError.
    """
    with _archive(output) as archive:
        registry.skopeo("copy", f"dir:{output.image}", f"docker-archive:{archive}:{name}")
        engine.run("load", "--input", archive, seconds=SAVE_SECONDS)


def read_facts(output: Output) -> ImageFacts:
    """Read the facts from the step `image`. Raises ReleaseError if it has not run."""
    try:
        return ImageFacts(**json.loads(output.facts.read_text()))
    except FileNotFoundError as error:
        raise ReleaseError(f"{output.facts} is missing: run the step `image` first") from error


def manifest_digest(output: Output) -> str:
    """The digest of the image in `output`, as a registry computes it."""
    return "sha256:" + hashlib.sha256((output.image / "manifest.json").read_bytes()).hexdigest()


def _digest_of_base(engine: Engine) -> str:
    """The base's digest in the registry, so that the labels identify the exact base."""
    repository = BASE.rpartition(":")[0]
    form = "{{range .RepoDigests}}{{.}} {{end}}"
    for name in engine.run("image", "inspect", "--format", form, BASE).split():
        found, _, digest = name.partition("@")
        if repository.endswith(found):
            return digest
    raise ReleaseError(f"{engine.name} knows no digest of {BASE}: {engine.name} pull {BASE}")


def _lay_out(engine: Engine, name: str, output: Output) -> None:
    """Lay out the image from an archive, which both engines can save, and compress its layers."""
    output.folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(output.image, ignore_errors=True)
    with _archive(output) as archive:
        engine.run("save", "--output", archive, name, seconds=SAVE_SECONDS)
        registry.skopeo(
            *("copy", "--dest-compress", f"docker-archive:{archive}", f"dir:{output.image}")
        )


@contextlib.contextmanager
def _archive(output: Output) -> Iterator[Path]:
    """A temporary archive to exchange an image between the engine and skopeo."""
    archive = output.folder / "image.tar"
    archive.unlink(missing_ok=True)
    try:
        yield archive
    finally:
        archive.unlink(missing_ok=True)


def _facts(output: Output, *, name: str, base: str) -> ImageFacts:
    manifest = json.loads((output.image / "manifest.json").read_bytes())
    identifier = manifest["config"]["digest"].partition(":")[2]
    configuration = json.loads((output.image / identifier).read_bytes())
    return ImageFacts(
        name=name,
        digest=manifest_digest(output),
        platform=f"{configuration['os']}/{configuration['architecture']}",
        size=sum(layer["size"] for layer in manifest["layers"]),
        base=base,
        is_stand_in=not base.startswith(BASE),
    )
