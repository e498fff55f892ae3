"""Compares the size of the image with that of Kolibri installed as in the official image.

``python -m devtools.container.size`` builds both on the same base and prints the comparison.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devtools.container.engine import Engine, find_engine
from devtools.container.image import build_image
from devtools.container.locks import KOLIBRI_VERSIONS

STOCK = "localhost/kolibri-stock:latest"

#: The limit in the issue and the README.
LIMIT = 1.25

# As the official image (learningequality/kolibri, docker/Dockerfile, as of 0.19), but without pip's
# cache, and with pip in a virtual environment, because the stand-in for the base has none.
STOCK_DOCKERFILE = f"""\
ARG PYTHON_IMAGE
FROM ${{PYTHON_IMAGE}}
RUN groupadd --gid 1000 kolibri && useradd --uid 1000 --gid kolibri --shell /bin/bash kolibri
RUN mkdir /kolibri && chown kolibri:kolibri /kolibri
RUN python -m venv /tmp/pip \\
    && /tmp/pip/bin/pip install --no-cache-dir --prefix /usr/local \\
        kolibri=={KOLIBRI_VERSIONS[-1]} \\
    && rm -rf /tmp/pip
EXPOSE 8080 8081
ENV KOLIBRI_HOME=/kolibri
WORKDIR /kolibri
CMD ["kolibri", "start", "--foreground"]
"""


@dataclass(frozen=True)
class Comparison:
    """Sizes in bytes, as the engine counts the layers."""

    stock: int
    ours: int

    @property
    def ratio(self) -> float:
        return self.ours / self.stock

    def __str__(self) -> str:
        return (
            f"Kolibri installed as in the official image: {self.stock / 1e6:.0f} MB; this image: "
            f"{self.ours / 1e6:.0f} MB, {self.ratio:.2f} times as much ({LIMIT} at most)"
        )


def compare(engine: Engine, image: str) -> Comparison:
    """Build the stock image too, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        dockerfile = Path(folder, "Dockerfile")
        dockerfile.write_text(STOCK_DOCKERFILE)
        stock = build_image(engine, name=STOCK, dockerfile=dockerfile)
    return Comparison(size_of(engine, stock), size_of(engine, image))


def size_of(engine: Engine, image: str) -> int:
    return int(engine.run("image", "inspect", "--format={{.Size}}", image))


def main() -> int:
    """Print the comparison; return 1 if the image is too large."""
    engine = find_engine()
    found = compare(engine, build_image(engine))
    print(found)
    return int(found.ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
