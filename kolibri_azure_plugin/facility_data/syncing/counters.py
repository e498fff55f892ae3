"""Keeps a push from decreasing the counters for other devices' records.

The counters show which records of each device are here, and so which records a school can pull.
Each push brings its school's own counters. Morango means to keep the higher of two, but looks up
the old one under the word "part" instead of the partition, finds none, and takes the new one. So
when a school with older data of another school pushes, the site forgets what the other has sent. No
one can pull that, until the other school pushes again.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: Counters by partition and the device's id.
Counters = Mapping[str, Mapping[str, int]]


def never_decrease_counters(update: Callable[..., None]) -> Callable[..., None]:
    """Wrap `DatabaseMaxCounter.update_fsics`, and pass on only counters above the stored ones."""
    original_update = update.__func__  # type: ignore[attr-defined]

    @wraps(original_update)
    def update_if_higher(model: Any, fsics: Any, sync_filter: Any, v2_format: bool = False) -> None:
        if v2_format:
            fsics = {**fsics, "sub": _higher(model, fsics["sub"])}
        original_update(model, fsics, sync_filter, v2_format=v2_format)

    return classmethod(update_if_higher)  # type: ignore[return-value]


def _higher(model: Any, received: Counters) -> Counters:
    stored: dict[str, dict[str, int]] = collections.defaultdict(dict)
    rows = model.objects.filter(partition__in=list(received))
    for partition, device, counter in rows.values_list("partition", "instance_id", "counter"):
        stored[partition][device] = max(counter, stored[partition].get(device, 0))
    return {
        partition: {
            device: counter
            for device, counter in counters.items()
            if counter > stored[partition].get(device, 0)
        }
        for partition, counters in received.items()
    }
