"""Sends every possible request to Kolibri's API, with values that may trouble a database.

It runs inside Kolibri, stock or patched. It finds the views, their filters and their fields itself,
and prints the status of each answer.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import re
import zlib
from urllib.parse import quote

from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from edge_objects import BODIES, Objects
from edge_values import TEXTS, VALUES

METHODS = ("get", "post", "put", "patch")
IN_ADDRESSES = ("nul", "long id", "huge", "surrogate")

#: They leave this machine, stop it, or answer with what it is.
LEFT_OUT = re.compile(
    "deviceinfo|driveinfo|networksearch|remote|portal|logout|downloadcontent|freespace|restart"
    "|facilitysearch|importlod|pathpermission|deviceprovision|connectionstatus|pingback|metrics"
    "|syncsessions|transfersessions|publickey"
)
PAGES = ("page", "page_size", "cursor", "max_results", "limit", "offset", "more")
ASKED_FOR = re.compile(r"(?:query_params|GET)(?:\.get\(|\[)\s*[\"'](\w+)[\"']")
SENT = re.compile(r"request\.data(?:\.get\(|\[)\s*[\"'](\w+)[\"']")
GROUP = re.compile(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?\w+>")


def ask_all(nth: int, always: tuple[str, ...] = ()) -> None:
    """Print the status of each answer, by its question.

    :param nth: asks one question in so many, the same ones each time.
    :param always: questions that are asked in any case.
    """
    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS = ["*"]
    objects = Objects()
    clients = {user: _client(user) for user in (objects.admin, objects.learner)}
    answers = {}
    for name, user, method, path, body in _questions(objects):
        if zlib.crc32(name.encode()) % nth and name not in always:
            continue
        client = clients[getattr(objects, user)]
        options = {} if body is None else {"data": json.dumps(body), "content_type": JSON}
        try:
            answers[name] = getattr(client, method.lower())(path, **options).status_code
        except Exception as error:  # noqa: BLE001 - outside of any view: no server would answer it
            answers[name] = f"{type(error).__name__}: {error}"[:200]
        if "session" in path or "signup" in path:
            client.force_login(getattr(objects, user))
    print("ANSWERS", json.dumps(answers))  # noqa: T201 - for the test


JSON = "application/json"


def _client(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def _questions(objects):
    """Name, user, method, path and body of each."""
    for pattern, view, actions in _views():
        if "get" in actions:
            yield from _readings(pattern, view, objects)
        if "patch" in actions:
            yield from _changes(pattern, view, objects)
        yield from _sendings(pattern, view, actions, objects)
    for what, body in BODIES.items():
        for field, path, sent in objects.written(body):
            yield f"{body.method} {what} {field}", body.user, body.method, path, sent


def _readings(pattern, view, objects):
    if GROUP.search(pattern):
        for kind in IN_ADDRESSES:
            address = _address(pattern, _quoted(TEXTS[kind]))
            yield f"GET {_name(pattern)} {{{kind}}}", "admin", "GET", address, None
        return
    required = {name: objects.required(name) for name in _required(view)}
    for parameter in sorted(_parameters(view) | set(required)):
        for kind, value in TEXTS.items():
            words = {**{name: _quoted(given) for name, given in required.items()}}
            words[parameter] = _quoted(value)
            query = "&".join(f"{name}={word}" for name, word in words.items())
            address = f"{_address(pattern, '')}?{query}"
            yield f"GET {_name(pattern)} ?{parameter}={kind}", "admin", "GET", address, None


def _changes(pattern, view, objects):
    serializer = getattr(view, "serializer_class", None)
    target = objects.of(getattr(getattr(serializer, "Meta", None), "model", None))
    if target is None:
        return
    address = _address(pattern, str(target.pk))
    for field, about in serializer().fields.items():
        if about.read_only:
            continue
        for kind, value in VALUES.items():
            name = f"PATCH {_name(pattern)} {field}={kind}"
            yield name, "admin", "PATCH", address, {field: value}


def _sendings(pattern, view, actions, objects):
    """What a view takes out of a request by itself, without a serializer."""
    found = SENT.findall(_source(view))
    path = _address(pattern, objects.facility.dataset_id)
    for method in sorted(actions - {"get", "delete"}):
        for field in sorted(set(found)):
            for kind, value in VALUES.items():
                name = f"{method.upper()} {_name(pattern)} {field}:{kind}"
                yield name, "admin", method.upper(), path, {field: value}


def _views():
    for pattern, found in _walk(get_resolver()):
        view = getattr(found.callback, "cls", None) or getattr(found.callback, "view_class", None)
        module = getattr(view, "__module__", "")
        if not module.startswith(("kolibri.core", "kolibri.plugins", "morango.")):
            continue
        if "format>" in pattern or LEFT_OUT.search(pattern):
            continue
        actions = getattr(found.callback, "actions", None)
        yield pattern, view, {name for name in METHODS if hasattr(view, name)} | set(actions or ())


def _walk(resolver, prefix=""):
    for each in resolver.url_patterns:
        pattern = prefix + re.sub(r"[\^$]|\\Z", "", str(each.pattern))
        if isinstance(each, URLResolver):
            yield from _walk(each, pattern)
        else:
            yield pattern, each


def _parameters(view):
    """What a view looks for in an address."""
    names = set(getattr(getattr(view, "filterset_class", None), "base_filters", ()))
    names |= set(getattr(view, "filterset_fields", None) or ())
    for backend in getattr(view, "filter_backends", ()):
        names |= {word for word in ("search", "ordering") if word in backend.__name__.lower()}
    if getattr(view, "pagination_class", None):
        names |= set(PAGES)
    return names | set(ASKED_FOR.findall(_source(view)))


def _source(view):
    """Kolibri's part of a view."""
    return "".join(map(_source_of, view.__mro__))


@functools.cache
def _source_of(kind):
    # Python reads the whole file for each.
    if kind.__module__.startswith(("kolibri.", "morango.")):
        # Some of morango's classes are made by others, and stand in no file.
        with contextlib.suppress(OSError):
            return inspect.getsource(kind)
    return ""


def _required(view):
    """What Kolibri's decorator asks for; it keeps that in a closure only."""
    cells = getattr(getattr(view, "initial", None), "__closure__", None) or ()
    return {
        name
        for cell in cells
        if isinstance(cell.cell_contents, dict)
        for name in cell.cell_contents
    }


def _address(pattern, word):
    return "/" + GROUP.sub(lambda _: word, pattern).replace("/?", "/").replace("\\", "")


def _name(pattern):
    return GROUP.sub("ID", pattern)


def _quoted(text):
    return quote(text.encode("utf-8", "surrogatepass"))
