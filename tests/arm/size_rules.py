"""Rules about a size: its plan, its instances, and their database connections."""

from __future__ import annotations

import typing
from collections.abc import Iterator

from devtools.arm import EvaluatedTemplate
from devtools.arm.evaluation import AT_DEPLOYMENT
from kolibri_azure_plugin.configuration.limits import Limits
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.container.sizing import sizes
from kolibri_azure_plugin.errors import SettingsError

#: The metrics of a Linux plan for autoscale. Memory hardly shrinks while a program runs, so as a
#: condition for fewer instances it would keep them for ever.
AUTOSCALE = {
    ("CpuPercentage", "Increase"),
    ("CpuPercentage", "Decrease"),
    ("MemoryPercentage", "Increase"),
}

#: The smallest machine of a plan; a larger one needs no fewer connections.
SMALLEST_MACHINE = Limits(1, int(1.75 * 2**30))


def the_size_is_coherent(result: EvaluatedTemplate) -> Iterator[str]:
    plan = result.named("plan")
    sku, instances = plan.body["sku"]["name"], plan.body["sku"]["capacity"]
    has_autoscale = any(result.of_type("Microsoft.Insights/autoscalesettings"))
    if sku.startswith("B") and (instances > 1 or has_autoscale):
        yield f"plan {sku} can't have zones or autoscale"
    if sku.startswith("B") and any(result.of_type("Microsoft.Web/sites/slots")):
        yield f"plan {sku} can't have a slot"
    if plan.at("zoneRedundant") and instances < 2:
        yield "one instance can't be spread over zones"
    most = int(result.app_settings("app")["KOLIBRI_AZURE_INSTANCES"])
    if most < instances:
        yield "more instances run than the connections are shared between"
    connections = int(result.app_settings("app")["KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS"])
    if not has_enough_connections(connections, most):
        yield f"the image refuses to start: {connections} connections for {most} instances"


def has_enough_connections(connections: int, instances: int) -> bool:
    """Ask the image itself."""
    try:
        sizes(SMALLEST_MACHINE, ImageSettings(max_connections=connections), instances)
    except SettingsError:
        return False
    return True


def autoscale_is_on_where_it_has_room(result: EvaluatedTemplate) -> Iterator[str]:
    """Without one it is switched off explicitly: if left out, an old one would continue."""
    is_basic = result.named("plan").body["sku"]["name"].startswith("B")
    if not (is_basic or any(result.of_type("Microsoft.Insights/autoscalesettings"))):
        yield "an old autoscale goes on where the size has none"
    for each in result.of_type("Microsoft.Insights/autoscalesettings"):
        capacity = each.at("profiles")[0]["capacity"]
        has_room = int(capacity["minimum"]) < int(capacity["maximum"])
        if each.at("enabled") is not has_room:
            yield "autoscale is on without room, or off with it"
        metrics = {
            (rule["metricTrigger"]["metricName"], rule["scaleAction"]["direction"])
            for rule in each.at("profiles")[0]["rules"]
        }
        if metrics != AUTOSCALE:
            yield f"autoscale acts on {sorted(metrics)}, not on {sorted(AUTOSCALE)}"


def a_deployment_scales_nothing_down(result: EvaluatedTemplate) -> Iterator[str]:
    """Autoscale's number of instances is read before the plan is written."""
    if not result.named("plan").written_once:
        yield "the plan goes back to its first number of instances at every deployment"
    if result.named("sizedPlan").body["sku"]["capacity"] != AT_DEPLOYMENT:
        yield "the number of instances does not follow from those that run"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    the_size_is_coherent,
    autoscale_is_on_where_it_has_room,
    a_deployment_scales_nothing_down,
)
