"""What may stand in the way of a deployment, one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight import of_image, of_names, of_region, of_subscription
from tests.arm.preflight.situations import Scenario

#: Named by their check, with what is special about them behind two hyphens.
SCENARIOS: Mapping[str, Scenario] = {
    **of_subscription.SCENARIOS,
    **of_region.SCENARIOS,
    **of_names.SCENARIOS,
    **of_image.SCENARIOS,
}
