"""Sets up one facility after the other from settings, and undoes each: seconds, not minutes.

Usage, in `kolibri manage shell` on a migrated database without a facility: main()
EACH in the environment is a JSON list of settings. Prints the resulting settings as a JSON list.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from django.db import transaction
from kolibri.core.auth.constants.facility_presets import mappings
from kolibri.core.auth.models import Facility
from kolibri.core.device.utils import allow_guest_access
from kolibri.core.utils.cache import process_cache

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.provisioning.provision import provision


def main() -> None:
    held = [_set_up(settings) for settings in json.loads(os.environ["EACH"])]
    sys.stdout.write(f"\n{json.dumps(held)}\n")


def _set_up(settings: dict[str, str]) -> dict[str, Any]:
    os.environ.update(settings)
    context.current.cache_clear()
    process_cache.clear()
    with transaction.atomic():
        provision()
        dataset = Facility.objects.get().dataset
        names = ("preset", *mappings[dataset.preset])
        held = {name: getattr(dataset, name) for name in names}
        held["allow_guest_access"] = allow_guest_access()
        transaction.set_rollback(True)
    return held
