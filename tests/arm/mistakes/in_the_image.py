"""Mistakes in the image's source, its build, and the right to pull it."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties

_WAITS = "[if(variables('isBuilt'), 'imageRuns', 'appIdentity')]"


@caught_by("app does not wait for imageRuns")
def site_that_does_not_wait_for_the_build(template: Template) -> None:
    template["resources"]["app"]["dependsOn"].remove(_WAITS)


@caught_by("imageRuns does not wait for taskPushesImage")
def build_before_it_may_push(template: Template) -> None:
    template["resources"]["imageRuns"]["dependsOn"] = ["imageTasks"]


@caught_by("main is not a fixed version")
def build_from_a_branch(template: Template) -> None:
    template["parameters"]["ref"]["defaultValue"] = "main"


@caught_by("git#main, which may change")
def build_ignoring_ref(template: Template) -> None:
    context = "[format('{0}#main', parameters('repository'))]"
    properties(template, "imageTasks")["step"]["contextPath"] = context


@caught_by("git#v0.1.0, which")
def build_from_a_tag_that_azure_cannot_check_out(template: Template) -> None:
    context = "[format('{0}#v0.1.0', parameters('repository'))]"
    properties(template, "imageTasks")["step"]["contextPath"] = context


@caught_by("needs image with its digest")
def published_image_by_its_tag(template: Template) -> None:
    template["parameters"]["imageSource"]["defaultValue"] = "published"
    template["parameters"]["image"]["defaultValue"] = "registry.example.org/kolibri-azure:0.1.0"


@caught_by("needs image: the name")
def published_image_without_a_name(template: Template) -> None:
    template["parameters"]["imageSource"]["defaultValue"] = "published"


@caught_by("image names an image by default")
def unpublished_image(template: Template) -> None:
    template["parameters"]["image"]["defaultValue"] = "registry.example.org/kolibri-azure:0.1.0"


@caught_by("the template names an image, ghcr.io/")
def image_in_a_variable(template: Template) -> None:
    template["variables"]["siteImage"] = "ghcr.io/learningequality/kolibri-azure:0.1.0"


@caught_by("has a user with a password")
def registry_with_an_administrator(template: Template) -> None:
    properties(template, "registry")["adminUserEnabled"] = True


@caught_by("lets anybody pull")
def registry_open_to_the_world(template: Template) -> None:
    properties(template, "registry")["anonymousPullEnabled"] = True


@caught_by("refuses the tokens with which App Service pulls")
def registry_that_refuses_the_apps(template: Template) -> None:
    del properties(template, "registry")["policies"]["azureADAuthenticationAsArmPolicy"]


@caught_by("costs more, than one image needs")
def registry_of_the_largest_kind(template: Template) -> None:
    template["resources"]["registry"]["sku"]["name"] = "Premium"


@caught_by("gives AcrPush on something that is no registry")
def task_that_may_push_anywhere(template: Template) -> None:
    parameters = properties(template, "taskPushesImage")["parameters"]
    parameters["registryId"]["value"] = "[resourceGroup().id]"


@caught_by("not each of 1 tasks may push into registry")
def task_that_may_only_pull(template: Template) -> None:
    parameters = properties(template, "taskPushesImage")["parameters"]
    parameters["role"]["value"] = "[variables('roles').acrPull]"


@caught_by("not each of 2 identities may pull")
def content_app_that_may_not_pull(template: Template) -> None:
    del properties(template, "registryAccess")["parameters"]["principals"]["value"][1]


@caught_by("contentApp pulls without its identity")
def content_app_without_pull_identity(template: Template) -> None:
    properties(template, "contentApp")["siteConfig"]["acrUseManagedIdentityCreds"] = False


@caught_by("contentApp runs")
def content_app_with_unbuilt_image(template: Template) -> None:
    config = properties(template, "contentApp")["siteConfig"]
    config["linuxFxVersion"] = "[format('DOCKER|{0}-content', variables('siteImage'))]"


@caught_by("builds for another machine")
def build_for_another_machine(template: Template) -> None:
    properties(template, "imageTasks")["platform"]["architecture"] = "arm64"


@caught_by("builds docker/Containerfile, not docker/Dockerfile")
def build_of_a_file_that_is_not_there(template: Template) -> None:
    properties(template, "imageTasks")["step"]["dockerFilePath"] = "docker/Containerfile"


@caught_by("to the Dockerfile, not")
def build_without_its_revision(template: Template) -> None:
    del properties(template, "imageTasks")["step"]["arguments"][1]


@caught_by("under the name")
def build_under_a_name_that_moves(template: Template) -> None:
    properties(template, "imageTasks")["step"]["imageNames"] = [
        "[format('{0}/kolibri-azure:latest', variables('registryHost'))]"
    ]


@caught_by("is pushed into another registry")
def build_that_is_pushed_elsewhere(template: Template) -> None:
    template["variables"]["registryHost"] = "registry.example.org"


@caught_by("the image changes without a deployment")
def build_whenever_the_base_changes(template: Template) -> None:
    properties(template, "imageTasks")["trigger"] = {
        "baseImageTrigger": {"name": "base", "baseImageTriggerType": "Runtime"}
    }


@caught_by("is not named after")
def run_that_keeps_its_name(template: Template) -> None:
    template["resources"]["imageRuns"]["name"] = (
        "[format('{0}/build', variables('names').registry)]"
    )


@caught_by("imageRuns gets a generated value at each deployment")
def build_at_each_deployment(template: Template) -> None:
    properties(template, "imageRuns")["forceUpdateTag"] = "[parameters('secretsWrittenAt')]"


@caught_by("imageTasks gets a generated value at each deployment")
def task_with_another_name_at_each_deployment(template: Template) -> None:
    variables = template["variables"]
    variables["builds"] = variables["builds"].replace(
        "parameters('rebuild')", "parameters('secretKeySeed')"
    )


@caught_by("imageTasks generates a value")
def task_with_the_time_in_it(template: Template) -> None:
    properties(template, "imageTasks")["step"]["arguments"].append(
        {"name": "CREATED", "value": "[utcNow()]"}
    )


@caught_by("in another way than the one that is proven")
def build_in_another_way(template: Template) -> None:
    properties(template, "imageTasks")["step"]["type"] = "EncodedTask"


@caught_by("and calls it v0.0.9")
def build_that_says_another_revision(template: Template) -> None:
    properties(template, "imageTasks")["step"]["arguments"][1]["value"] = "v0.0.9"


@caught_by("has no identity of its own")
def task_without_an_identity(template: Template) -> None:
    del template["resources"]["imageTasks"]["identity"]


@caught_by("is built, but no app runs it")
def build_without_run(template: Template) -> None:
    image = "[format('{0}/kolibri-azure:v0.0.9', variables('registryHost'))]"
    template["variables"]["siteImage"] = image
    template["outputs"]["image"]["value"] = image


@caught_by("no run starts kolibri")
def task_without_run(template: Template) -> None:
    template["resources"]["imageRuns"]["condition"] = False
