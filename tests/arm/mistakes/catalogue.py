"""The list of mistakes, and the decorator that adds one."""

from __future__ import annotations

import typing

Template = dict[str, typing.Any]
Change = typing.Callable[[Template], typing.Any]


class Mistake(typing.NamedTuple):
    """A change to a good template.

    :param make: changes the template in place.
    :param caught_by: part of the expected message.
    """

    name: str
    make: Change
    caught_by: str


MISTAKES: list[Mistake] = []


def caught_by(sentence: str) -> typing.Callable[[Change], Change]:
    """Add a function to the list; its mistake must give this message."""

    def add(change: Change) -> Change:
        MISTAKES.append(Mistake(change.__name__.replace("_", " "), change, sentence))
        return change

    return add


def properties(template: Template, symbol: str) -> typing.Any:
    """The properties of a resource."""
    return template["resources"][symbol]["properties"]


def setting(template: Template, symbol: str, name: str) -> typing.Any:
    """An app setting of a site."""
    settings = properties(template, symbol)["siteConfig"]["appSettings"]
    return next(entry for entry in settings if entry["name"] == name)
