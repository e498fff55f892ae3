"""Azure's registries build the image with Docker's classic builder: nothing may need BuildKit.

The lists here were tried with that builder, from Docker 20.10. Before the build, Azure looks for
the base with its own scanner, which reads line by line:
https://github.com/Azure/acr-builder/blob/main/scan/dependencies.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import yaml

from devtools.container.base_image import BASE
from devtools.container.image import DOCKERFILE
from devtools.container.size import STOCK_DOCKERFILE
from devtools.container_processes import IMAGE_PLUGINS

#: The instructions of the classic builder, each with the flags that both builders support.
#: `FROM --platform` is missing, because the scanner takes it for the name of an image.
KNOWN: dict[str, set[str]] = {
    "ADD": {"chown"},
    "ARG": set(),
    "CMD": set(),
    "COPY": {"chown", "from"},
    "ENTRYPOINT": set(),
    "ENV": set(),
    "EXPOSE": set(),
    "FROM": set(),
    "HEALTHCHECK": {"interval", "retries", "start-period", "timeout"},
    "LABEL": set(),
    "RUN": set(),
    "SHELL": set(),
    "STOPSIGNAL": set(),
    "USER": set(),
    "VOLUME": set(),
    "WORKDIR": set(),
}

FLAGS = re.compile(r"(?:--([a-z-]+)(?:=\S*)?\s+)")
DIRECTIVE = re.compile(r"^#\s*(syntax|check)\s*=", re.MULTILINE | re.IGNORECASE)
HEREDOC = re.compile(r"<<-?\s*[\w'\"]")

#: Arguments that only BuildKit sets.
AUTOMATIC = re.compile(r"\b((?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)|BUILDKIT_\w+)\b")

#: Expansions that the classic builder lacks; it has `${NAME:-x}` and `${NAME:+x}`.
MODIFIER = re.compile(r"\$\{\w+(?![\w}]|:[-+])[^}]*\}")


class Instruction(NamedTuple):
    name: str
    flags: list[str]
    rest: str


def instructions(text: str) -> Iterator[Instruction]:
    """Each instruction as one line, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            rest = rest.lstrip()
            flags = []
            while match := FLAGS.match(rest):
                flags.append(match[1])
                rest = rest[match.end() :]
            yield Instruction(name, flags, rest)


def needs_buildkit(text: str) -> Iterator[str]:
    """The parts that the classic builder or Azure's scanner would not understand."""
    if match := DIRECTIVE.search(text):
        yield f"the directive {match[1]}"
    for instruction in instructions(text):
        yield from _in_one(*instruction)
    for before, line in zip(text.splitlines(), text.splitlines()[1:]):
        if before.endswith("\\") and re.match(r"\s*(FROM|ARG)\s", line, re.IGNORECASE):
            yield f"a line of another instruction begins like one: {line.strip()}"


def _in_one(name: str, flags: list[str], rest: str) -> Iterator[str]:
    if name not in KNOWN:
        yield f"the instruction {name}"
    for flag in set(flags) - KNOWN.get(name, set()):
        yield f"{name} --{flag}"
    if name in ("RUN", "COPY", "ADD") and HEREDOC.search(rest):
        yield f"{name} with a heredoc"
    if name == "ADD" and re.search(r"\bgit@|\.git\b", rest):
        yield "ADD of a git repository"
    if match := AUTOMATIC.search(rest):
        yield f"{name} uses {match[1]}"
    if name != "RUN" and (match := MODIFIER.search(rest)):
        yield f"{name} uses {match[0]}"


@pytest.mark.parametrize(
    "text", [DOCKERFILE.read_text(), STOCK_DOCKERFILE], ids=["ours", "stock Kolibri's"]
)
def test_nothing_needs_buildkit(text):
    assert list(needs_buildkit(text)) == []
    assert {each.name for each in instructions(text)} >= {"FROM", "RUN", "CMD"}


@pytest.mark.parametrize(
    "old, new, found",
    [
        ("# The image that", "# syntax=docker/dockerfile:1\n# The image that", "directive syntax"),
        ("# The image that", "#check=error=true\n# The image that", "directive check"),
        ("RUN chmod", "RUN --mount=type=cache,target=/root/.cache chmod", "RUN --mount"),
        ("RUN chmod", "RUN --network=none chmod", "RUN --network"),
        ("RUN chmod", "RUN --security=insecure chmod", "RUN --security"),
        ("RUN chmod", "RUN \\\n    --mount=type=tmpfs,target=/x chmod", "RUN --mount"),
        ("RUN chmod", "RUN <<END\ntrue\nEND\nRUN chmod", "RUN with a heredoc"),
        ("RUN chmod", "RUN cat <<-'END'\ntrue\nEND\nRUN chmod", "RUN with a heredoc"),
        ("RUN chmod", "COPY <<END /x\ntrue\nEND\nRUN chmod", "COPY with a heredoc"),
        ("COPY docker/nginx", "COPY --chmod=644 docker/nginx", "COPY --chmod"),
        ("COPY docker/nginx", "COPY --parents docker/nginx", "COPY --parents"),
        ("COPY docker/nginx", "COPY --exclude=*.md docker/nginx", "COPY --exclude"),
        ("COPY --from=static", "COPY --link --from=static", "COPY --link"),
        ("COPY --from=static", "COPY --from=static --link", "COPY --link"),
        ("COPY docker/nginx", "ADD --checksum=sha256:0 docker/nginx", "ADD --checksum"),
        ("COPY docker/nginx", "ADD https://example.org/x.git#main", "ADD of a git repository"),
        ("--start-period=230s", "--start-interval=5s", "HEALTHCHECK --start-interval"),
        ("FROM tools AS static", "FROM --platform=$X tools AS static", "FROM --platform"),
        ("ARG REVISION=", "ARG TARGETARCH\nARG REVISION=", "ARG uses TARGETARCH"),
        ("RUN chmod", "RUN test $BUILDPLATFORM; chmod", "RUN uses BUILDPLATFORM"),
        ('created="${CREATED}"', 'created="${CREATED%Z}"', "LABEL uses ${CREATED%Z}"),
        ('created="${CREATED}"', 'created="${CREATED/a/b}"', "LABEL uses ${CREATED/a/b}"),
        ("USER 1000", "SOMETHING new\nUSER 1000", "instruction SOMETHING"),
        ("RUN chmod", "RUN echo \\\n    from here; chmod", "begins like one: from here"),
    ],
)  # fmt: skip
def test_an_instruction_that_needs_buildkit_is_found(old, new, found):
    text = DOCKERFILE.read_text()
    assert text.count(old) >= 1
    assert found in "; ".join(needs_buildkit(text.replace(old, new, 1)))


def test_instructions_of_both_builders_are_no_finding():
    text = "FROM x AS y\nARG A\nENV B=${A:-c} C=${A:+d} D=$A E=${A}\nCOPY --chown=1:1 a /b\n"
    assert list(needs_buildkit(text)) == []


def test_the_base_is_the_same_everywhere(repository):
    assert f"\nARG PYTHON_IMAGE={BASE}\n" in DOCKERFILE.read_text()
    workflow = yaml.safe_load((repository / ".github/workflows/image.yml").read_text())
    assert workflow["env"]["BASE"] == BASE
    assert f"`{BASE}`" in (repository / "docs" / "container.md").read_text()


def test_no_image_comes_from_docker_hub(repository):
    """Docker Hub refuses addresses with many pulls, such as those of a cloud's builders."""
    compose = yaml.safe_load((repository / "docker" / "compose.yaml").read_text())
    images = [each["image"] for each in compose["services"].values() if "build" not in each]
    assert images
    for image in (BASE, *images):
        assert image.startswith("public.ecr.aws/docker/library/"), image


def test_processes_without_a_container_have_the_plugins_of_the_image(repository):
    text = (repository / DOCKERFILE).read_text()
    for name, value in IMAGE_PLUGINS.items():
        assert re.search(rf"^\s+{name}={value} \\$", text, re.MULTILINE), name
