"""Calls Kolibri's own functions, and the plugin's wrappers around them, with the same arguments.

Runs inside Kolibri, on a copy of a database, and prints the answers. Both must give the same ones;
the plugin's intended changes have their own tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any, Callable

from .asked_functions import QUESTIONS
from .class_world import VISITORS, make_world

#: Functions that nearly every request uses; their answers over HTTP are compared too.
ASKED_BY_ALL_PAGES = (
    "kolibri.core.auth.backends.FacilityUserBackend.get_user",
    "django.urls.resolvers.URLResolver.resolve",
    "kolibri.core.device.translation.get_device_language",
)
#: Functions of the pages of learners.
ASKED_BY_LEARNERS = (
    "kolibri.plugins.learn.viewsets._map_contentnodes",
    "kolibri.plugins.learn.viewsets._consolidate_lessons_data",
    "kolibri.plugins.learn.viewsets.LearnerClassroomViewset.consolidate",
    "kolibri.core.content.api.UserContentNodeViewset.list",
    "kolibri.core.content.api.ContentNodeProgressViewset.generate_response",
    "kolibri.core.content.api.ContentNodeProgressViewset.list",
    "kolibri.core.logger.api.TotalContentProgressViewSet.retrieve",
)
ASKED_OVER_HTTP = {*ASKED_BY_ALL_PAGES, *ASKED_BY_LEARNERS}
PATHS = (
    "/",
    "/en/auth/",
    "/fr-fr/learn/",
    "/learn/",
    "/none/",
    "/api/auth/facilityuser/",
    "/api/auth/facilityuser/?search=lea",
    "/api/auth/facilityuser/?member_of={classroom}",
    "/api/auth/classroom/?parent={facility}",
    "/api/auth/membership/",
    "/api/auth/role/",
    "/api/auth/facilitydataset/",
    "/api/lessons/lesson/?classid={classroom}",
    "/api/exams/exam/",
    "/api/logger/contentsummarylog/",
    "/api/device/devicesettings/",
    "/facility/api/exportedcsvinfo/{facility}/",
    "/learn/api/state",
)
LEARNERS_PATHS = (
    "/learn/api/homehydrate/",
    "/learn/api/learnerclassroom/",
    "/learn/api/learnerlesson/{lesson}/",
    "/learn/api/learnerlesson/{lesson}/?no_available_filtering=true",
    "/api/content/usercontentnode/?lesson={lesson}",
    "/api/content/usercontentnode/?resume=true&max_results=2&ordering=-last_interacted",
    "/api/content/usercontentnode/?kind=video&parent__isnull=false&learner_needs=x",
    "/api/content/usercontentnode/?kind=none&ids=none",
    "/api/content/contentnodeprogress/?lesson={lesson}",
    "/api/content/contentnodeprogress/?resume=true&max_results=2&ordering=-last_interacted",
    "/api/logger/userprogress/{learner}/",
)
#: Tokens against forged requests, which differ in each answer.
TOKENS = re.compile(rb"(csrf|nonce)[^>]{0,200}")


def report() -> None:
    """Print the answers of stock and wrapped function for each place."""
    from kolibri_azure_plugin.kolibri_patches.tables import PATCHES

    world = make_world()
    answers = {}
    for patch in PATCHES:
        place = f"{patch.module}.{patch.name}"
        if place in answers or (place not in QUESTIONS and place not in ASKED_OVER_HTTP):
            continue
        functions = (patch.original, patch.current)
        answers[place] = [
            (directly(place, function, world), over_http(patch, function, world))
            for function in functions
        ]
    sys.stdout.write(f"ANSWERS {json.dumps(answers, default=str)}\n")


def directly(place: str, function: Callable[..., Any], world: dict[str, Any]) -> Any:
    """The answers of a function called directly. Its changes are rolled back."""
    from django.db import transaction

    if place not in QUESTIONS:
        return None
    with transaction.atomic():
        answer = QUESTIONS[place](function, world)
        transaction.set_rollback(True)
    return answer


@contextlib.contextmanager
def in_place(patch: Any, function: Callable[..., Any]) -> Iterator[None]:
    """Kolibri with this function in place of the patched one."""
    owner, name = patch.place
    kept = vars(owner)[name]
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def over_http(patch: Any, function: Callable[..., Any], world: dict[str, Any]) -> Any:
    """Kolibri's answers to visitors with this function in place of the patched one."""
    from django.core.cache import cache
    from django.test import Client

    place = f"{patch.module}.{patch.name}"
    if place not in ASKED_OVER_HTTP:
        return None
    paths = (
        *(PATHS if place in ASKED_BY_ALL_PAGES else ()),
        *(LEARNERS_PATHS if place in ASKED_BY_LEARNERS else ()),
    )
    answers = {}
    with in_place(patch, function):
        for visitor in VISITORS:
            cache.clear()
            client = Client(HTTP_HOST="localhost")
            if visitor:
                client.force_login(world["users"][visitor])
            for path in paths:
                answer = client.get(path.format(**world["ids"]))
                digest = hashlib.sha256(TOKENS.sub(b"", answer.getvalue())).hexdigest()[:12]
                answers[f"{visitor} {path}"] = (answer.status_code, answer.get("Location"), digest)
    return answers
