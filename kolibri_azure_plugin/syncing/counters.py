"""Keeps what is known of another device's records from going back to what somebody else knew.

The counters say which records of each device are here, and so what a school is given. Each push
brings those of its school. Morango means to keep the higher one, but looks for the old one under
the word "part" in place of the partition, finds none, and takes what came. So a school that pushes
while it knows less of another makes the site forget what that one has sent: nobody else is given
it, until its school pushes the next time.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: For each partition, the counters by the id of the device.
Counters = Mapping[str, Mapping[str, int]]


def never_lower(update: Callable[..., None]) -> Callable[..., None]:
    """Around `DatabaseMaxCounter.update_fsics`: only what is higher than what stands there."""
    take = update.__func__  # type: ignore[attr-defined]

    @wraps(take)
    def take_higher(model: Any, fsics: Any, sync_filter: Any, v2_format: bool = False) -> None:
        if v2_format:
            fsics = {**fsics, "sub": _higher(model, fsics["sub"])}
        take(model, fsics, sync_filter, v2_format=v2_format)

    return classmethod(take_higher)  # type: ignore[return-value]


def _higher(model: Any, came: Counters) -> Counters:
    here: dict[str, dict[str, int]] = collections.defaultdict(dict)
    rows = model.objects.filter(partition__in=list(came))
    for partition, device, counter in rows.values_list("partition", "instance_id", "counter"):
        here[partition][device] = max(counter, here[partition].get(device, 0))
    return {
        partition: {
            device: counter
            for device, counter in counters.items()
            if counter > here[partition].get(device, 0)
        }
        for partition, counters in came.items()
    }
