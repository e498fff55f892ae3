"""The recording by Chromium, and whether a mix is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union
from urllib.parse import parse_qs, urlsplit

from bench.lesson.mix import CLASS_PAGE, ROUND, SIGN_IN, SIGN_IN_WITH_PASSWORD, Request

RECORDING = Path(__file__).with_name("recording.json")

#: Scenes by name, with the requests of each as `{"method": …, "address": …, "body": …}`.
Recording = Mapping[str, Sequence[Mapping[str, Any]]]

#: The requests that each scene of the recording has, in this order, among others.
MIXES: Mapping[str, Sequence[Request]] = {
    "lesson": (*SIGN_IN, *ROUND),
    "sign-in with a password": SIGN_IN_WITH_PASSWORD,
    "coach": CLASS_PAGE,
}

#: What identifies a request: method, path, names of the query, and keys of the body.
Shape = tuple[str, str, tuple[str, ...], str]


def load() -> Recording:
    """The recording that is part of the project."""
    found: Recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    return found


def first_missing(
    recorded: Sequence[Mapping[str, Any]], requests: Sequence[Request]
) -> Union[Request, None]:
    """The first of the requests that does not follow the others in the recording."""
    rest = iter([_shape(each) for each in recorded])
    return next((each for each in requests if _shape_of(each) not in rest), None)


def left_out(recorded: Sequence[Mapping[str, Any]], requests: Sequence[Request]) -> Iterator[str]:
    """Method and address of each recorded request that the requests skip."""
    rest = iter([_shape_of(each) for each in requests])
    wanted = next(rest, None)
    for each in recorded:
        if _shape(each) == wanted:
            wanted = next(rest, None)
        else:
            yield f"{each['method']} {each['address']}"


def _shape_of(request: Request) -> Shape:
    body = json.loads(request.body) if request.body else None
    return _shape({"method": request.method, "address": request.address, "body": body})


def _shape(request: Mapping[str, Any]) -> Shape:
    parts = urlsplit(request["address"])
    keys = json.dumps(_keys(request.get("body")))
    return request["method"], parts.path, tuple(parse_qs(parts.query)), keys


def _keys(body: Any) -> Any:
    """The keys of a body, at all depths; of a list, those of its first element."""
    if isinstance(body, dict):
        return {key: _keys(body[key]) for key in sorted(body)}
    return [_keys(body[0])] if isinstance(body, list) and body else None
