"""Its address: /fails/."""

from __future__ import annotations

import psycopg2
from django.conf import settings
from django.urls import re_path

from kolibri_azure_plugin.database.connections import current


def fail(request):
    login = current().credentials.current()
    # Its name does not say what it holds, as that of a URL does not.
    words = [f"user={login.user} and {login.password}", str(settings.SECRET_KEY)]
    by_name = {"first": words[0]}
    raise psycopg2.OperationalError(f"could not connect as {words[0]}: {len(by_name)}")


urlpatterns = [re_path(r"^fails/$", fail, name="fails")]
