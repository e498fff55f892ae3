"""Writes parameters files for each combination of choices that the tests use.

``python -m devtools.arm.parameter_sets FOLDER`` creates two folders in FOLDER, with a file for each
set: ``json`` for PSRule, ``bicep`` for ``bicep snapshot``. The sets are the examples in
``arm/parameters`` and the combinations of the tests, for both templates.
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

from devtools.arm.combinations import TEST_CHOICES, pairwise, production_sets

ROOT = Path(__file__).parents[2]
PRODUCTION = ROOT / "arm" / "prod_deployment_template.json"
TEST = ROOT / "arm" / "test_deployment_template.json"
EXAMPLES = ROOT / "arm" / "parameters"

#: A placeholder for the password. Nothing is deployed with these files.
PASSWORD = "Placeholder-for-evaluation-1"

#: Marks a deployment that deliberately has no zones, for the rules in arm/ps-rule.
ZONES_DECLINED = {"availabilityZones": "declined"}

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class ParameterSet(typing.NamedTuple):
    """Parameter values for testing a template.

    :param name: the name of its files, without extension.
    """

    name: str
    template: Path
    values: Mapping[str, typing.Any]


def parameter_sets() -> Iterator[ParameterSet]:
    """Yield all sets: the examples, and for both templates the sets with every pair of choices."""
    for path in sorted(EXAMPLES.glob("*.parameters.json")):
        given = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        values = {name: each["value"] for name, each in given.items()}
        yield _set(path.name.partition(".")[0], PRODUCTION, values)
    for title, template, sets in (
        ("production", PRODUCTION, production_sets()),
        ("test", TEST, pairwise(TEST_CHOICES)),
    ):
        for number, values in enumerate(sets, start=1):
            yield _set(f"{title}-{number:02}", template, values)


def _set(name: str, template: Path, values: Mapping[str, typing.Any]) -> ParameterSet:
    declined = values.get("useAvailabilityZones") is False
    marked = {"tags": ZONES_DECLINED} if declined else {}
    return ParameterSet(name, template, {**values, **marked, "superuserPassword": PASSWORD})


def as_json(one: ParameterSet) -> str:
    """Format a parameters file. Its path to the template starts at the repository, for PSRule."""
    document = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"template": one.template.relative_to(ROOT).as_posix()},
        "parameters": {name: {"value": value} for name, value in one.values.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def as_bicep(one: ParameterSet, folder: Path) -> str:
    """Format a .bicepparam file for the given folder."""
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
    """Write the files into the folder given on the command line.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m devtools.arm.parameter_sets",
        description="Write parameters files for each combination that the tests use.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    print(f"{len(write(given.folder))} sets in {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
