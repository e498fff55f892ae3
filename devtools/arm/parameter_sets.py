"""Writes parameters for each combination of choices that the tests try, for tools that read files.

``python -m devtools.arm.parameter_sets FOLDER`` makes two folders in FOLDER, with a file for each
set: ``json`` for PSRule, ``bicep`` for ``bicep snapshot``. The sets are the examples of
``arm/parameters``, and those of the tests, of the test template too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtools.arm.combinations import CHOICES, TEST_CHOICES, pairwise

ROOT = Path(__file__).parents[2]
PRODUCTION = ROOT / "arm" / "prod_deployment_template.json"
TEST = ROOT / "arm" / "test_deployment_template.json"
EXAMPLES = ROOT / "arm" / "parameters"

#: Stands for the password, which no file holds. Nothing is deployed with these files.
PASSWORD = "Placeholder-for-evaluation-1"

#: Marks what is deployed without zones because somebody said so; arm/ps-rule knows it.
ZONES_DECLINED = {"availabilityZones": "declined"}

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class ParameterSet(typing.NamedTuple):
    """Parameter values that a template is tried with.

    :param name: of the files, without what they end in.
    """

    name: str
    template: Path
    values: Mapping[str, typing.Any]


def parameter_sets() -> Iterator[ParameterSet]:
    """All sets: each example, and for both templates those with every pair of choices."""
    for path in sorted(EXAMPLES.glob("*.parameters.json")):
        given = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        values = {name: each["value"] for name, each in given.items()}
        yield _set(path.name.partition(".")[0], PRODUCTION, values)
    for title, template, choices in (
        ("production", PRODUCTION, CHOICES),
        ("test", TEST, TEST_CHOICES),
    ):
        for number, values in enumerate(pairwise(choices), start=1):
            yield _set(f"{title}-{number:02}", template, values)


def _set(name: str, template: Path, values: Mapping[str, typing.Any]) -> ParameterSet:
    declined = values.get("useAvailabilityZones") is False
    marked = {"tags": ZONES_DECLINED} if declined else {}
    return ParameterSet(name, template, {**values, **marked, "superuserPassword": PASSWORD})


def as_json(one: ParameterSet) -> str:
    """A parameters file. It names its template from the root of the repository, for PSRule."""
    document = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"template": one.template.relative_to(ROOT).as_posix()},
        "parameters": {name: {"value": value} for name, value in one.values.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def as_bicep(one: ParameterSet, folder: Path) -> str:
    """A .bicepparam file that is to stand in a folder."""
    template = Path(os.path.relpath(one.template, folder)).as_posix()
    lines = [f"using {_literal(template)}", ""]
    lines += [f"param {name} = {_literal(value)}" for name, value in one.values.items()]
    return "\n".join(lines) + "\n"


def _literal(value: typing.Any) -> str:
    if isinstance(value, str):
        return "'" + value.translate(_ESCAPES).replace("${", "\\${") + "'"
    if isinstance(value, Mapping):
        members = [f"{_key(key)}: {_literal(each)}" for key, each in value.items()]
        return "{ " + ", ".join(members) + " }" if members else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else _literal(name)


def write(folder: Path) -> list[Path]:
    """Write all sets.

    :returns: the .bicepparam files.
    """
    for_psrule, for_bicep = folder / "json", folder / "bicep"
    for_psrule.mkdir(parents=True, exist_ok=True)
    for_bicep.mkdir(parents=True, exist_ok=True)
    written = []
    for one in parameter_sets():
        (for_psrule / f"{one.name}.parameters.json").write_text(as_json(one), encoding="utf-8")
        path = for_bicep / f"{one.name}.bicepparam"
        path.write_text(as_bicep(one, for_bicep), encoding="utf-8")
        written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files into the folder of the command line.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m devtools.arm.parameter_sets",
        description="Write parameters files for each combination that the tests try.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    print(f"{len(write(given.folder))} sets in {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
