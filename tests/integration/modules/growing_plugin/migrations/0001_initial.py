"""Changes a table of Kolibri, unless a variable says that it fails at once."""

from __future__ import annotations

import os
from typing import Any

from django.db import migrations

FAILS = "GROWING_PLUGIN_FAILS"


def _change(apps: Any, _schema_editor: Any) -> None:
    if os.environ.get(FAILS) == "at once":
        raise RuntimeError(FAILS)
    apps.get_model("kolibriauth", "FacilityUser").objects.update(full_name="Grown")


class Migration(migrations.Migration):
    dependencies = (("kolibriauth", "0031_session"),)
    operations = (migrations.RunPython(_change),)
