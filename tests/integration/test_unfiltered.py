"""What nobody asks to have filtered is what filtering would have left, in all of Kolibri."""

from __future__ import annotations

import json

import pytest

from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import another_instance, start_gunicorn
from devtools.kolibri_client import KolibriClient

pytestmark = pytest.mark.slow

COMPARE = """
import json
from django.http import QueryDict
from django.urls import get_resolver
from django_filters.rest_framework import FilterSet
from kolibri_azure_plugin.unfiltered import leaves_alone

get_resolver().url_patterns
from kolibri.deployment.default import urls

def every(kind):
    for each in kind.__subclasses__():
        yield each
        yield from every(each)

found = {"same": [], "other": [], "left out": []}
for filters in every(FilterSet):
    model = filters._meta.model
    if model is None or not filters.__module__.startswith("kolibri."):
        continue
    queryset = model._default_manager.all()
    filtered = filters(data=QueryDict(""), queryset=queryset)
    if not leaves_alone(filters):
        found["left out"].append(filters.__name__)
    elif filtered.is_valid() and str(filtered.qs.query) == str(queryset.query):
        found["same"].append(filters.__name__)
    else:
        found["other"].append(filters.__name__)
print("FOUND", json.dumps(found))
"""

UNUSUAL = """
import json
from django_filters.rest_framework import CharFilter, FilterSet
from kolibri_azure_plugin.unfiltered import leaves_alone

class Plain(FilterSet):
    name = CharFilter()

class Required(FilterSet):
    name = CharFilter(required=True)

class Begins(FilterSet):
    name = CharFilter(initial="a")

class Always(FilterSet):
    def filter_queryset(self, queryset):
        return queryset.none()

class Own(CharFilter):
    def filter(self, queryset, value):
        return queryset.none()

class WithOwn(FilterSet):
    name = Own()

kinds = (Plain, Required, Begins, Always, WithOwn)
print("FOUND", json.dumps({kind.__name__: leaves_alone(kind) for kind in kinds}))
"""


def found(deployment, script):
    output = deployment.require(
        "manage", "shell", "-c", f"exec({script!r}, {{'__name__': 'script'}})"
    )
    return json.loads(output.partition("FOUND ")[2].splitlines()[0])


def test_every_list_of_kolibri_is_the_same(provisioned):
    kinds = found(provisioned, COMPARE)

    assert kinds["other"] == []
    assert "FacilityUserFilter" in kinds["same"]
    assert len(kinds["same"]) > len(kinds["left out"])


def test_filters_that_act_without_a_value_are_asked(provisioned):
    assert found(provisioned, UNUSUAL) == {
        "Plain": True,
        "Required": False,
        "Begins": False,
        "Always": False,
        "WithOwn": False,
    }


def test_what_is_asked_to_be_filtered_is_filtered(provisioned, tmp_path):
    settings = {"KOLIBRI_AZURE_HTTPS_PROXY": "false"}
    with start_gunicorn(another_instance(provisioned, tmp_path / "server", **settings)) as server:
        server.wait_until_it_answers()
        client = KolibriClient(server.url)
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        users = "/api/auth/facilityuser/"

        everybody = client.get(users)
        learners = client.get(users, user_type="learner")

    assert {each["username"] for each in everybody} == {"admin", "learner"}
    assert {each["username"] for each in learners} == {"learner"}
