"""Obstacles to a deployment, one at a time."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight import of_image, of_names, of_region, of_subscription
from tests.arm.preflight.situations import Scenario

#: Named after their check; two hyphens separate the variant.
SCENARIOS: Mapping[str, Scenario] = {
    **of_subscription.SCENARIOS,
    **of_region.SCENARIOS,
    **of_names.SCENARIOS,
    **of_image.SCENARIOS,
}
