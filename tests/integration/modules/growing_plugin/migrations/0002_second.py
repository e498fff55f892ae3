"""Fails if a variable says so, after the first has changed the data."""

from __future__ import annotations

import os

from django.db import migrations

FAILS = "GROWING_PLUGIN_FAILS"


class Migration(migrations.Migration):
    dependencies = (("growing_plugin", "0001_initial"),)
    operations = (migrations.RunSQL("SELECT 1 / 0" if os.environ.get(FAILS) else "SELECT 1"),)
