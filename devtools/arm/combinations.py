"""Sets of parameter values that together cover every pair of choices."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Mapping, Sequence

Values = dict[str, typing.Any]

REGISTRY = (
    "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/images/providers/"
    "Microsoft.ContainerRegistry/registries/schoolimages"
)
_PERSON = {
    "objectId": "44444444-4444-4444-4444-444444444444",
    "name": "operators",
    "type": "Group",
}

_DIGEST = "sha256:" + "0123456789abcdef" * 4
_OTHER_DIGEST = "sha256:" + "fedcba9876543210" * 4
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LinkedValues(dict[str, typing.Any]):
    """Values of several parameters that belong together, as one choice."""


def _image(source: str, **given: typing.Any) -> LinkedValues:
    """A choice for the source of the image; other parameters keep the template's defaults."""
    return LinkedValues(
        {"imageSource": source, "ref": "v0.1.0", "image": "", "registryId": "", **given}
    )


#: The choices to test, for each parameter that changes the deployment.
CHOICES: Mapping[str, Sequence[typing.Any]] = {
    "name": ["kolibri", "ab", "a-very-long-name-123", "0school-1"],
    "size": ["small", "medium", "large"],
    "sizeOverrides": [
        {},
        {"backupDays": 30},
        {"planSku": "P1v3", "minimumInstances": 2, "maximumInstances": 2, "stagingSlot": True},
        {"planSku": "P0v3", "logDailyCapGB": 5},
        {"planSku": "P0v3", "minimumInstances": 6, "stagingSlot": False},
    ],
    "useAvailabilityZones": [True, False],
    "imageSource": [
        _image("build"),
        _image("build", ref=_COMMIT),
        _image("published", image=f"registry.example.org/kolibri-azure@{_DIGEST}"),
        _image("own", image="registry.example.org/kolibri-azure:2"),
        _image("own", image="schoolimages.azurecr.io/kolibri:2", registryId=REGISTRY),
    ],
    "rebuild": ["", "2026-11"],
    "secretLifetimeDays": [0, 365],
    "rewriteSecrets": [[], ["kolibri-secret-key", "kolibri-superuser-password"]],
    "vaultName": ["", "kv-of-the-ministry-2"],
    "vaultRetentionDays": [90, 7],
    "learnerCanSignUp": [False, True],
    "learnerCanLoginByName": [False, True],
    "channels": ["", "nakav-mafak,c9d7f950ab6b5a1199e3d6c10d7f0103"],
    "databaseVersion": ["16", "17"],
    "databaseServerName": ["", "kolibri-db-restored"],
    "databaseName": ["kolibri", "kolibri_copy"],
    "databaseAdministrator": [{}, _PERSON],
    "storagePerformance": ["standard", "premium"],
    "shareEncryption": ["AES-128-GCM;AES-256-GCM", "AES-256-GCM"],
    "storageKey": ["key1", "key2"],
    "networkAddresses": ["10.20.0.0/24", "172.16.0.0/16"],
    "administratorAddresses": [[], ["203.0.113.7", "198.51.100.0/24"]],
    "enableShell": [False, True],
    "customDomain": ["", "kolibri.example.org"],
    "contentCustomDomain": ["", "kolibri-content.example.org"],
    "frontDoor": ["none", "standard", "premium"],
    "alertEmails": [[], ["one@example.org", "two@example.org"]],
    "budgetAmount": [0, 500],
    "budgetStartDate": ["2026-09-01"],
    "backupShares": [True, False],
    "nightlyBackups": [7, 0, 60],
    "deleteLocks": [True, False],
}

#: The choices while a version is tried in the staging slot, which not every size has.
STAGED_CHOICES: Mapping[str, Sequence[typing.Any]] = {
    "size": [
        LinkedValues(size="small", sizeOverrides={"planSku": "P0v3", "stagingSlot": True}),
        LinkedValues(size="medium", sizeOverrides={}),
        LinkedValues(size="large", sizeOverrides={"minimumInstances": 2}),
    ],
    "imageSource": [
        _image("build", ref=_COMMIT, stagingRef="v0.2.0"),
        _image(
            "published",
            image=f"registry.example.org/kolibri-azure@{_DIGEST}",
            stagingImage=f"registry.example.org/kolibri-azure@{_OTHER_DIGEST}",
        ),
        _image(
            "own",
            image="schoolimages.azurecr.io/kolibri:2",
            registryId=REGISTRY,
            stagingImage="schoolimages.azurecr.io/kolibri:3",
        ),
    ],
    "rebuild": ["", "2026-11"],
    "rewriteSecrets": [[], ["kolibri-secret-key"]],
    "enableShell": [False, True],
    "customDomain": ["", "kolibri.example.org"],
    "frontDoor": ["none", "standard", "premium"],
}

#: The choices of the test template.
TEST_CHOICES: Mapping[str, Sequence[typing.Any]] = {
    "name": ["kolibri-test", "ab", "a-very-long-name-123"],
    "planSku": ["B1", "B2", "B3"],
    "imageSource": [
        _image("build"),
        _image("published", image=f"registry.example.org/kolibri-azure@{_DIGEST}"),
        _image("own", image="registry.example.org/kolibri-azure:2"),
        _image("own", image="schoolimages.azurecr.io/kolibri:2", registryId=REGISTRY),
    ],
    "rebuild": ["", "2026-11"],
    "facilityPreset": ["formal", "nonformal", "informal"],
    "learnerCanSignUp": [False, True],
    "learnerCanLoginByName": [False, True],
    "channels": ["", "nakav-mafak"],
    "tags": [{}, {"owner": "it"}],
}

#: All choices of the production template; each table is combined by itself.
PRODUCTION_CHOICES = (CHOICES, STAGED_CHOICES)

PASSWORD = "Correct-Horse-7-Battery"


def production_sets() -> list[Values]:
    """The sets for the production template."""
    return [values for choices in PRODUCTION_CHOICES for values in pairwise(choices)]


def pairwise(choices: Mapping[str, Sequence[typing.Any]]) -> list[Values]:
    """A few sets of values that contain each pair of choices of two parameters.

    Greedy: each set takes, parameter by parameter, the choice that covers the most missing pairs.
    The result is deterministic.
    """
    missing = {
        frozenset({(first, i), (second, j)})
        for first, second in itertools.combinations(choices, 2)
        for i in range(len(choices[first]))
        for j in range(len(choices[second]))
    }
    sets: list[Values] = []
    while missing:
        chosen = dict(min(missing, key=sorted))
        for parameter in choices:
            if parameter not in chosen:
                covered = [
                    sum(frozenset({(parameter, i), other}) in missing for other in chosen.items())
                    for i in range(len(choices[parameter]))
                ]
                chosen[parameter] = covered.index(max(covered))
        missing -= {frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)}
        sets.append(values_of({name: choices[name][i] for name, i in chosen.items()}))
    return [{**values, "superuserPassword": PASSWORD} for values in sets]


def values_of(chosen: Mapping[str, typing.Any]) -> Values:
    """Merge the chosen values into parameters."""
    values: Values = {}
    for name, choice in chosen.items():
        values.update(choice if isinstance(choice, LinkedValues) else {name: choice})
    return values
