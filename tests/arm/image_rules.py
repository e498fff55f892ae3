"""Rules for the image in both templates: its build, its registry roles, and its runs."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping

from devtools.arm import EvaluatedTemplate, Resource
from tests.arm.conftest import ARM
from tests.arm.security_rules import ROLES, sites

REGISTRIES = "Microsoft.ContainerRegistry/registries"
TASKS = f"{REGISTRIES}/tasks"
RUNS = f"{REGISTRIES}/taskRuns"

#: The values that a new version changes; both are arguments of the Dockerfile.
ARGUMENTS = {"VERSION", "REVISION"}

DOCKERFILE = "docker/Dockerfile"

#: A git address that Azure recognises, with a tag or a commit. Azure's builder fetches the ref and
#: then checks it out by name, which fails for a tag that was fetched alone. TAG~0, the commit of
#: the tag, can't be fetched alone, so the builder fetches everything, including tags.
#: https://github.com/Azure/acr-builder/blob/main/scan/git.go
_CONTEXT = re.compile(r"https://[^\s#@]+\.git#(?:(?P<tag>v\d[\w.-]*)~0|(?P<commit>[0-9a-f]{40}))")

#: An image in the text of a template would have to be published.
_NAMED_IMAGE = re.compile(
    r"\b(?:ghcr\.io|docker\.io|quay\.io|mcr\.microsoft\.com|[\w-]+\.azurecr\.io)/[\w./:@-]+"
)


def the_registry_is_small_and_shut(result: EvaluatedTemplate) -> Iterator[str]:
    for each in result.of_type(REGISTRIES):
        if each.body["sku"] != {"name": "Basic"}:
            yield f"{each.symbol} is larger, and costs more, than one image needs"
        if each.at("adminUserEnabled") is not False:
            yield f"{each.symbol} has a user with a password"
        if each.at("anonymousPullEnabled") is not False:
            yield f"{each.symbol} lets anybody pull"
        # The service's own default. With that of Microsoft's module, App Service is refused.
        if each.at("policies", "azureADAuthenticationAsArmPolicy", "status") != "enabled":
            yield f"{each.symbol} refuses the tokens with which App Service pulls"


def tasks_build_a_fixed_state_of_the_project(result: EvaluatedTemplate) -> Iterator[str]:
    for each in result.of_type(TASKS):
        if each.at("platform") != {"os": "Linux", "architecture": "amd64"}:
            yield f"{each.symbol} builds for another machine than App Service has"
        if each.at("step", "type") != "Docker":
            yield f"{each.symbol} builds in another way than the one that is proven"
        file = each.at("step", "dockerFilePath")
        if file != DOCKERFILE or not (ARM.parent / file).is_file():
            yield f"{each.symbol} builds {file}, not {DOCKERFILE}"
        if each.at("trigger") is not None:
            yield f"{each.symbol} builds by itself, and the image changes without a deployment"
        path = each.at("step", "contextPath")
        context = _CONTEXT.fullmatch(str(path))
        if context is None:
            yield f"{each.symbol} builds {path}, which may change or not be found"
        else:
            yield from _names_what_it_builds(each, context["tag"] or context["commit"])


def _names_what_it_builds(task: Resource, ref: str) -> Iterator[str]:
    arguments = {each["name"]: each["value"] for each in task.at("step", "arguments") or []}
    if set(arguments) != ARGUMENTS:
        yield f"{task.symbol} gives {sorted(arguments)} to the Dockerfile, not {sorted(ARGUMENTS)}"
        return
    if arguments["REVISION"] != ref:
        yield f"{task.symbol} builds {ref} and calls it {arguments['REVISION']}"
    for image in task.at("step", "imageNames"):
        tag = image.rpartition(":")[2]
        if tag != arguments["VERSION"] or not f"{tag}-".startswith(f"{ref}-"):
            yield f"{task.symbol} builds {ref} under the name {image}"


def images_built_are_the_images_that_run(result: EvaluatedTemplate) -> Iterator[str]:
    if not any(result.of_type(REGISTRIES)):
        return
    hosts = {f"{each.name}.azurecr.io" for each in result.of_type(REGISTRIES)}
    built = [name for task in result.of_type(TASKS) for name in task.at("step", "imageNames")]
    if len(set(built)) != len(built):
        yield f"two tasks build {sorted(built)} under one name"
    for image in built:
        if image.partition("/")[0] not in hosts:
            yield f"{image} is pushed into another registry"
    run = {site.symbol: _image_of(site) for site in sites(result)}
    for symbol, image in run.items():
        if image not in built:
            yield f"{symbol} runs {image}, which no task builds"
    for image in sorted(set(built) - set(run.values())):
        yield f"{image} is built, but no app runs it"


def _image_of(site: Resource) -> str:
    return str(site.at("siteConfig", "linuxFxVersion")).removeprefix("DOCKER|")


def each_task_is_run_once(result: EvaluatedTemplate) -> Iterator[str]:
    tasks = {each.id: each for each in result.of_type(TASKS)}
    runs = {each.at("runRequest", "taskId"): each for each in result.of_type(RUNS)}
    for missing in sorted(set(tasks) - set(runs)):
        yield f"no run starts {tasks[missing].name}"
    for task_id, run in runs.items():
        if run.at("runRequest", "type") != "TaskRunRequest" or task_id not in tasks:
            yield f"{run.symbol} runs none of the tasks"
        elif run.name != tasks[task_id].name:
            # Azure ignores a run with an old name and request: the name must change with the task.
            yield f"{run.name} is not named after {tasks[task_id].name}"


def identities_that_push_and_pull_have_their_roles(result: EvaluatedTemplate) -> Iterator[str]:
    given = [
        (ROLES.get(each.at("roleDefinitionId").rpartition("/")[2]), each.scope)
        for each in result.of_type("Microsoft.Authorization/roleAssignments")
    ]
    for registry in result.of_type(REGISTRIES):
        tasks = list(result.of_type(TASKS))
        if given.count(("AcrPush", registry.id)) != len(tasks):
            yield f"not each of {len(tasks)} tasks may push into {registry.symbol}, and no one else"
        for task in tasks:
            if task.body.get("identity") != {"type": "SystemAssigned"}:
                yield f"{task.symbol} has no identity of its own to push with"
        identities = {
            identity
            for site in sites(result)
            for identity in site.body["identity"]["userAssignedIdentities"]
        }
        if given.count(("AcrPull", registry.id)) != len(identities):
            yield f"not each of {len(identities)} identities may pull from {registry.symbol}"
        for site in sites(result):
            if site.at("siteConfig", "acrUseManagedIdentityCreds") is not True:
                yield f"{site.symbol} pulls without its identity"


def no_template_names_an_image(template: Mapping[str, typing.Any]) -> Iterator[str]:
    """While nothing is published, a site with such a default would never start."""
    for name in ("image", "stagingImage"):
        default = template["parameters"].get(name, {}).get("defaultValue", "")
        if default:
            yield f"{name} names an image by default, {default}"
    for image in _NAMED_IMAGE.findall(json.dumps(template)):
        yield f"the template names an image, {image}"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    the_registry_is_small_and_shut,
    tasks_build_a_fixed_state_of_the_project,
    images_built_are_the_images_that_run,
    each_task_is_run_once,
    identities_that_push_and_pull_have_their_roles,
)

TEXT_RULES: tuple[typing.Callable[[Mapping[str, typing.Any]], Iterator[str]], ...] = (
    no_template_names_an_image,
)
