"""The source of the image."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight.azure import REGISTRY_ID, recorded
from tests.arm.preflight.situations import (
    COMMIT,
    IMAGE,
    OWN,
    PUBLISHED,
    SUBSCRIPTION_ITSELF,
    Scenario,
    offers,
)

SCENARIOS: Mapping[str, Scenario] = {
    "builds": Scenario("builds", "fail", offers("FreeTrial_2014-09-01", "On")),
    "builds--students": Scenario("builds", "fail", offers("AzureForStudents_2018-01-01", "On")),
    "builds--sponsored": Scenario("builds", "warn", offers("Sponsored_2016-01-01")),
    "builds--spending-limit": Scenario("builds", "warn", offers("SomethingNew_2027-01-01", "On")),
    "builds--unanswered": Scenario("builds", "warn", lambda a: a.refuse(SUBSCRIPTION_ITSELF)),
    "builds--not-built": Scenario("builds", "skip", values=PUBLISHED),
    "repository": Scenario(
        "repository", "fail", values={"repository": "https://git.example.org/nothing.git"}
    ),
    "repository--form": Scenario(
        "repository", "fail", values={"repository": "git@git.example.org:schools"}
    ),
    "repository--not-built": Scenario("repository", "skip", values=PUBLISHED),
    "ref--branch": Scenario("ref", "fail", values={"ref": "main"}),
    "ref--missing": Scenario("ref", "fail", values={"ref": "v9.9.9"}),
    "ref--form": Scenario("ref", "fail", values={"ref": "release-1"}),
    "ref--characters": Scenario("ref", "fail", values={"ref": "v1+x"}),
    "ref--commit": Scenario("ref", "warn", values={"ref": COMMIT}),
    "ref--staging": Scenario("ref", "fail", values={"size": "medium", "stagingRef": "v9.9.9"}),
    "image": Scenario("image", "fail", values={"imageSource": "own"}),
    "image--no-digest": Scenario(
        "image",
        "fail",
        values={"imageSource": "published", "image": "registry.example.org/kolibri-azure:1"},
    ),
    "image--there": Scenario(
        "image", "pass", lambda a: a.answer(IMAGE, recorded("image")), values=OWN
    ),
    "image--missing": Scenario(
        "image",
        "fail",
        lambda a: a.refuse(
            IMAGE, 'ERROR: Error: manifest tagged by "2" is not found. Correlation ID: 1.'
        ),
        values=OWN,
    ),
    "image--unanswered": Scenario(
        "image", "warn", lambda a: a.refuse(IMAGE, "ERROR: Unauthorized"), values=OWN
    ),
    "image--other-registry": Scenario(
        "image", "fail", values=OWN | {"image": "otherimages.azurecr.io/kolibri:2"}
    ),
    "image--public": Scenario("image", "skip", values=PUBLISHED),
    "registry_rights": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.answer(f"rest --method get --url {REGISTRY_ID}/*", recorded("contributor")),
        values=OWN,
    ),
    "registry_rights--group": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.answer(
            "rest --method get --url */resourceGroups/images/providers/Microsoft.Authorization/*",
            recorded("reader"),
        ),
        values=OWN,
    ),
    "registry_rights--form": Scenario(
        "registry_rights", "fail", values=OWN | {"registryId": "schoolimages.azurecr.io"}
    ),
    "registry_rights--missing": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.refuse(
            f"rest --method get --url {REGISTRY_ID}/*",
            'ERROR: Not Found({"error": {"code": "ResourceNotFound"}})',
        ),
        values=OWN,
    ),
    "registry_rights--unanswered": Scenario(
        "registry_rights",
        "warn",
        lambda a: a.refuse(f"rest --method get --url {REGISTRY_ID}/*"),
        values=OWN,
    ),
    "registry_rights--enough": Scenario("registry_rights", "pass", values=OWN),
}
