"""Two users who ask at the same moment are each answered with their own data."""

from __future__ import annotations

import json

import pytest

from devtools.deployment import SUPERUSER

pytestmark = pytest.mark.slow

#: The first user's request stops after it has called METHOD. The second user is answered in another
#: thread; then the first request goes on. Prints the titles of both users' lessons.
SCRIPT = """
import json, threading
from django.db import connection
from django.test import Client
from kolibri.core.auth.constants.role_kinds import COACH
from kolibri.core.auth.models import Classroom, Facility, FacilityUser, LearnerGroup
from kolibri.core.lessons.models import Lesson, LessonAssignment

facility = Facility.get_default_facility()
teacher = FacilityUser.objects.get(username=SUPERUSER)

def add_lesson(title, classroom, group=None):
    lesson = Lesson.objects.create(
        title=title, collection=classroom, created_by=teacher, resources=[], is_active=True
    )
    LessonAssignment.objects.create(
        lesson=lesson, collection=group or classroom, assigned_by=teacher
    )

def learners():
    classroom = Classroom.objects.create(name="Class", parent=facility)
    for name in "first", "second":
        user = FacilityUser.objects.create_user(name, password="x" * 9, facility=facility)
        group = LearnerGroup.objects.create(name=name, parent=classroom)
        classroom.add_member(user)
        group.add_member(user)
        add_lesson(name, classroom, group)
        yield user, "/learn/api/homehydrate/"

def coaches_of_stock_pages():
    from kolibri_azure_plugin.kolibri_patches.tables.coaching import PATCHES
    for patch in PATCHES:
        setattr(*patch.place, patch.original)
    return coaches()

def coaches():
    for name in "first", "second":
        classroom = Classroom.objects.create(name=name, parent=facility)
        user = FacilityUser.objects.create_user(name, password="x" * 9, facility=facility)
        classroom.add_coach(user)
        add_lesson(name, classroom)
        yield user, f"/coach/api/classsummary/{classroom.id}/"

def lessons(answer):
    found = answer.json()
    classrooms = found.get("classrooms", [found])
    return [lesson["title"] for classroom in classrooms for lesson in classroom["lessons"]]

def ask(user, path, found):
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    found.append(lessons(client.get(path)))
    connection.close()

def stop_after(method):
    def call(*arguments):
        result = method(*arguments)
        if threading.current_thread() is thread and not stopped.is_set():
            stopped.set()
            assert goes_on.wait(60)
        return result
    return call

METHOD = stop_after(METHOD)
stopped, goes_on = threading.Event(), threading.Event()
first, second = USERS()
found = [], []
thread = threading.Thread(target=ask, args=(*first, found[0]))
thread.start()
assert stopped.wait(60)
ask(*second, found[1])
goes_on.set()
thread.join()
print("LESSONS", json.dumps(found))
"""


@pytest.mark.parametrize(
    ("users", "owner", "method"),
    [
        ("learners", "kolibri.plugins.learn.viewsets.LearnerClassroomViewset", "get_queryset"),
        ("coaches", "kolibri.core.api.BaseValuesViewset", "_map_fields"),
        (
            "coaches_of_stock_pages",
            "kolibri.core.auth.api.KolibriAuthPermissionsFilter",
            "filter_queryset",
        ),
    ],
)
def test_each_user_sees_their_own_lessons(provisioned, users, owner, method):
    module, name = owner.rsplit(".", 1)
    script = SCRIPT.replace("USERS()", f"{users}()").replace("METHOD =", f"{name}.{method} =")
    script = script.replace("(METHOD)", f"({name}.{method})")
    values = f"from {module} import {name}\nSUPERUSER = {SUPERUSER!r}"
    output = provisioned.require("manage", "shell", "-c", f"{values}\n{script}")

    found = json.loads(output.partition("LESSONS ")[2].splitlines()[0])
    assert found == [[["first"]], [["second"]]]
