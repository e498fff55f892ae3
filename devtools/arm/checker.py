"""The offline template checker, used as a library.

The checker is not part of this project. The environment variable ARM_CHECK names its folder; the
default is ``shared/arm-check`` next to the checkout.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtools.arm.evaluation import AT_DEPLOYMENT, EvaluatedTemplate, Resource

#: The checker's folder if ARM_CHECK is not set.
DEFAULT_CHECKER_DIR = Path(__file__).parents[3] / "shared" / "arm-check"

_MODULES = (
    "armcheck",
    "declarations",
    "expand",
    "expressions",
    "findings",
    "functions",
    "graph",
    "parameters",
    "rules",
    "typedata",
    "values",
)

Template = Mapping[str, typing.Any]


class CheckerMissingError(Exception):
    """The offline checker is not on this machine."""


class Finding(typing.NamedTuple):
    """One finding of the checker.

    :param level: ``error`` or ``warning``.
    :param place: the path in the template.
    """

    level: str
    place: str
    message: str


class Checker:
    """Checks and evaluates templates.

    :raises CheckerMissingError: if the checker is not installed.
    """

    def __init__(self) -> None:
        folder = checker_folder()
        self._part = _load(folder)
        self._store = self._part["typedata"].TypeStore(folder / "types")
        self._deployed = self._part["armcheck"].deployed_versions()

    def check(self, template: Template, sets: Sequence[Mapping[str, typing.Any]]) -> list[Finding]:
        """Return all findings with ``--strict --deployed``, for each set of values."""
        report = self._part["findings"].Report()
        self._part["declarations"].StaticChecker(self._store, report).template(template)
        for values in sets:
            self._check_values(template, values, report)
            deployment = self._expand(template, values, report)
            for each in deployment.all():
                rules = self._part["rules"].ResourceChecker(
                    each, self._store, report, strict=True, deployed=self._deployed
                )
                rules.run()
            self._part["graph"].GraphChecker(deployment, report).run()
        return [Finding(each.level, each.path, each.message) for each in report.findings]

    def evaluate(self, template: Template, values: Mapping[str, typing.Any]) -> EvaluatedTemplate:
        """The resources and outputs of a template with these parameter values."""
        report = self._part["findings"].Report()
        deployment = self._expand(template, values, report)
        resources = tuple(
            self._resource(each, is_nested=part is not deployment)
            for part in deployment.all()
            for each in part.resources
            if each.on and not each.existing
        )
        return EvaluatedTemplate(resources, self._plain(deployment.outputs))

    def part(self, name: str) -> typing.Any:
        """A module of the checker, to evaluate expressions outside a template.

        :raises KeyError: if it is not loaded.
        """
        return self._part[name]

    def _check_values(
        self, template: Template, values: Mapping[str, typing.Any], report: typing.Any
    ) -> None:
        """Check values against the declarations; the checker does so only for parameters files."""
        declared = template.get("parameters") or {}
        for name, value in values.items():
            place = f"parameters.{name}"
            if name in declared:
                self._part["parameters"].check_value(value, declared[name], report, place, template)
            else:
                report.error(place, "the template has no such parameter")

    def _expand(
        self, template: Template, values: Mapping[str, typing.Any], report: typing.Any
    ) -> typing.Any:
        chosen = self._part["parameters"].ParameterSet("", values)
        return self._part["expand"].Expander(self._store, report).root(template, chosen)

    def _resource(self, each: typing.Any, *, is_nested: bool) -> Resource:
        options = each.raw.get("@options") or {}
        return Resource(
            symbol=each.symbol,
            type=each.type,
            version=each.version,
            name=self._plain(each.name),
            id=each.id or "",
            scope=each.scope or "",
            written_once="onlyIfNotExists" in options,
            is_nested=is_nested,
            after=tuple(str(entry) for entry, _ in each.depends),
            retried_on=tuple(options.get("retryOn", [[]])[0]),
            body=self._plain(each.body),
        )

    def _plain(self, value: typing.Any) -> typing.Any:
        values = self._part["values"]
        if isinstance(value, values.Opaque):
            return value.text.replace(values.HOLE, AT_DEPLOYMENT)
        if isinstance(value, dict):
            return {str(key): self._plain(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._plain(member) for member in value]
        return value.replace(values.HOLE, AT_DEPLOYMENT) if isinstance(value, str) else value


def checker_folder() -> Path:
    """Find the checker.

    :raises CheckerMissingError: if it is not there.
    """
    folder = Path(os.environ.get("ARM_CHECK") or DEFAULT_CHECKER_DIR)
    if not (folder / "armcheck.py").is_file():
        raise CheckerMissingError(
            f"There is no offline checker at {folder}. Set ARM_CHECK to the folder that "
            "holds armcheck.py."
        )
    return folder


def _load(folder: Path) -> dict[str, types.ModuleType]:
    """Import the checker's modules and take them out of sys.modules again.

    Other code may need their names, such as ``values`` and ``rules``.
    """
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        return {name: importlib.import_module(name) for name in _MODULES}
    finally:
        sys.path[:] = before
        for name in list(_modules_from(folder)):
            del sys.modules[name]


def _modules_from(folder: Path) -> Iterator[str]:
    for name, module in sys.modules.items():
        if Path(getattr(module, "__file__", None) or os.sep).parent == folder:
            yield name
