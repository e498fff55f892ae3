"""Reports which API versions of the templates a subscription does not offer.

``python -m devtools.arm.offered_versions`` queries each provider in ``arm/api-versions.json`` with
``az``, which must be signed in. Given files (``-`` is standard input), it reads the output of
``az provider show --namespace NAME --output json`` from them instead.

Exit code: 0 all are offered, 1 some are not, 2 the answer is unknown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from devtools.arm import api_versions

Answer = Mapping[str, typing.Any]

#: Seconds for one answer; az signs in again for each.
TIMEOUT = 120


class NoAnswerError(Exception):
    """A provider's answer is not available."""


def missing(wanted: Mapping[str, api_versions.Listed], answers: Iterable[Answer]) -> Iterator[str]:
    """Yield a sentence for each type whose version is not offered.

    Providers list only some of their child types. The others have their parent's versions.

    :param answers: one answer for each provider of the types, as printed by the command.
    """
    offered = {
        f"{answer['namespace']}/{each['resourceType']}".lower(): each["apiVersions"]
        for answer in answers
        for each in answer["resourceTypes"]
    }
    for name, entry in wanted.items():
        known = next((offered[each] for each in _lineage(name.lower()) if each in offered), None)
        if known is None:
            yield f"{name} is not offered at all."
        elif entry.version not in known:
            newest = ", ".join(sorted(known, reverse=True)[:4])
            yield f"{name} is not offered in version {entry.version}. The newest are {newest}."


def _lineage(name: str) -> Iterator[str]:
    """A type and its ancestors, nearest first."""
    while "/" in name:
        yield name
        name = name.rpartition("/")[0]


def namespaces(wanted: Iterable[str]) -> list[str]:
    """The providers of the given types."""
    return sorted({name.partition("/")[0] for name in wanted})


def ask(namespace: str) -> Answer:
    """Ask ``az`` what the current subscription offers from one provider.

    :raises NoAnswerError: if ``az`` is missing, fails or prints something unexpected.
    """
    command = ["az", "provider", "show", "--namespace", namespace, "--output", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except OSError as error:
        raise NoAnswerError(f"{error}. Install the Azure CLI, and sign in: az login") from error
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"{' '.join(command)} took over {TIMEOUT} seconds.") from error
    if done.returncode:
        raise NoAnswerError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return _parsed(done.stdout, " ".join(command))


def read(path: str) -> Answer:
    """Read a saved answer.

    :param path: a file, or ``-`` for standard input.
    :raises NoAnswerError: if it can't be read or has an unexpected form.
    """
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{path} can't be read: {error}") from error
    return _parsed(text, path)


def _parsed(text: str, source: str) -> Answer:
    try:
        answer: Answer = json.loads(text)
        if answer["namespace"] and all(
            each["resourceType"] and isinstance(each["apiVersions"], list)
            for each in answer["resourceTypes"]
        ):
            return answer
    except (ValueError, KeyError, TypeError):
        pass
    raise NoAnswerError(
        f"{source}: expected JSON with namespace and resourceTypes, found {text[:60]!r}."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the list with the offered versions, and report what is missing.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m devtools.arm.offered_versions",
        description="Report which API versions of arm/api-versions.json a subscription lacks.",
    )
    parser.add_argument("answers", nargs="*", metavar="FILE", help="saved answers, - for input")
    given = parser.parse_args(arguments)
    wanted = api_versions.listed()
    try:
        if given.answers:
            answers = [read(path) for path in given.answers]
            asked = {answer["namespace"].lower() for answer in answers}
            wanted = {
                name: entry
                for name, entry in wanted.items()
                if name.partition("/")[0].lower() in asked
            }
        else:
            answers = [ask(namespace) for namespace in namespaces(wanted)]
    except NoAnswerError as error:
        print(error, file=sys.stderr)
        return 2
    said = list(missing(wanted, answers))
    for sentence in said:
        print(sentence)
    if said:
        print(f"Change {len(said)} of {len(wanted)} in arm/api-versions.json and the templates.")
        return 1
    print(f"All {len(wanted)} API versions are offered.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
