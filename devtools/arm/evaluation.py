"""An evaluated template: its resources and outputs as plain values."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

#: Placeholder for values known only during a deployment: an object id, a key, a host name.
AT_DEPLOYMENT = "<at deployment>"


@dataclasses.dataclass(frozen=True)
class Resource:
    """One resource that would be deployed.

    :param symbol: its symbolic name in the template, shared by the copies of a loop.
    :param type: its resource type.
    :param version: its API version.
    :param name: its name, with :data:`AT_DEPLOYMENT` for unknown parts.
    :param id: its resource id; empty if unknown.
    :param scope: the id of the resource that it extends, or empty.
    :param written_once: whether later deployments leave it alone.
    :param is_nested: whether it is in a nested deployment.
    :param after: the symbolic names in its dependsOn, with these values.
    :param retried_on: error codes on which the deployment retries it.
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
        """The value at a path in its properties, or None."""
        value: typing.Any = self.properties
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


@dataclasses.dataclass(frozen=True)
class EvaluatedTemplate:
    """All resources that would be deployed, including nested deployments, and the outputs."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, typing.Any]

    def as_listed_template(self) -> dict[str, typing.Any]:
        """The same resources as a template without expressions, with a list of resources.

        Tools that support neither symbolic names nor template functions can read this.
        """
        listed = [
            {
                **{key: value for key, value in each.body.items() if key != "@options"},
                "type": each.type,
                "apiVersion": each.version,
                # Extensions of different resources may share a name, which a list does not allow.
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
        """The resources of a type, ignoring case."""
        return (each for each in self.resources if each.type.lower() == kind.lower())

    def named(self, symbol: str) -> Resource:
        """The resource with this symbolic name.

        :raises KeyError: if it would not be deployed.
        """
        for each in self.resources:
            if each.symbol == symbol:
                return each
        raise KeyError(symbol)

    def dependencies_of(self, symbol: str) -> set[str]:
        """The symbolic names of all resources that exist before this one is created."""
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
