"""What a template comes to with given parameters, as plain values."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

#: Stands for what is only known while a deployment runs: an object id, a key, a host name.
AT_DEPLOYMENT = "<at deployment>"


@dataclasses.dataclass(frozen=True)
class Resource:
    """One resource that would be deployed.

    :param symbol: its symbolic name in the template; the copies of a loop share it.
    :param type: its resource type.
    :param version: its API version.
    :param name: its name, with :data:`AT_DEPLOYMENT` for what is not known before.
    :param id: its resource id, empty where that is not known before.
    :param scope: the id of the resource that it extends, or empty.
    :param written_once: whether later deployments leave it alone.
    :param is_nested: whether it stands in a nested deployment.
    :param after: symbolic names that its dependsOn gives with these values.
    :param retried_on: error codes on which the deployment tries it again.
    :param body: everything else.
    """

    symbol: str
    type: str
    version: str
    name: str
    id: str
    scope: str
    written_once: bool
    is_nested: bool
    after: tuple[str, ...]
    retried_on: tuple[str, ...]
    body: Mapping[str, typing.Any]

    @property
    def properties(self) -> typing.Any:
        """Its properties, or an empty object."""
        return self.body.get("properties") or {}

    def at(self, *path: str) -> typing.Any:
        """The value at a path below its properties; None where there is none."""
        value: typing.Any = self.properties
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """All resources that would be deployed, nested deployments included, and the outputs."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, typing.Any]

    def as_listed_template(self) -> dict[str, typing.Any]:
        """The same resources as a template without expressions, its resources in a list.

        That is what tools read which know neither symbolic names nor the template functions.
        """
        listed = [
            {
                **{key: value for key, value in each.body.items() if key != "@options"},
                "type": each.type,
                "apiVersion": each.version,
                # Extensions of several resources share a name, which a list does not allow.
                "name": f"{each.symbol}-{each.name}" if each.scope else each.name,
            }
            for each in self.resources
        ]
        return {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/"
            "deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": listed,
        }

    def of_type(self, kind: str) -> Iterator[Resource]:
        """The resources of a type; its case does not matter."""
        return (each for each in self.resources if each.type.lower() == kind.lower())

    def named(self, symbol: str) -> Resource:
        """The resource with this symbolic name.

        :raises KeyError: when it would not be deployed.
        """
        for each in self.resources:
            if each.symbol == symbol:
                return each
        raise KeyError(symbol)

    def made_before(self, symbol: str) -> set[str]:
        """The symbolic names of all that has been made when this one is begun."""
        found: set[str] = set()
        todo = [symbol]
        while todo:
            later = todo.pop()
            earlier = {
                name for each in self.resources if each.symbol == later for name in each.after
            }
            todo.extend(earlier - found)
            found |= earlier
        return found

    def app_settings(self, symbol: str) -> dict[str, str]:
        """The app settings of a Web App or slot."""
        settings = self.named(symbol).at("siteConfig", "appSettings") or []
        return {entry["name"]: entry["value"] for entry in settings}
