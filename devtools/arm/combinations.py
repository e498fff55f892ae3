"""Parameter values to try, so that every pair of choices is tried together."""

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


class Together(dict[str, typing.Any]):
    """Values of several parameters that belong together, as one choice."""


def _image(source: str, **given: typing.Any) -> Together:
    """A choice of where the image comes from; what is not given is as in the template."""
    return Together(
        {"imageSource": source, "ref": "v0.1.0", "image": "", "registryId": "", **given}
    )


#: For each parameter that changes what is deployed, the choices worth trying.
CHOICES: Mapping[str, Sequence[typing.Any]] = {
    "name": ["kolibri", "ab", "a-very-long-name-123", "0school-1"],
    "size": ["small", "medium", "large"],
    "sizeOverrides": [
        {},
        {"redis": True, "redisSku": "Balanced_B3", "backupDays": 30},
        {"planSku": "P1v3", "minimumInstances": 2, "maximumInstances": 2, "stagingSlot": True},
        {"planSku": "P0v3", "logDailyCapGB": 5},
        {"planSku": "P0v3", "minimumInstances": 6, "stagingSlot": False},
    ],
    "useAvailabilityZones": [True, False],
    "imageSource": [
        _image("build"),
        _image("build", ref=_COMMIT, stagingRef="v0.2.0"),
        _image(
            "published",
            image=f"registry.example.org/kolibri-azure@{_DIGEST}",
            stagingImage=f"registry.example.org/kolibri-azure@{_OTHER_DIGEST}",
        ),
        _image("own", image="registry.example.org/kolibri-azure:2"),
        _image(
            "own",
            image="schoolimages.azurecr.io/kolibri:2",
            registryId=REGISTRY,
            stagingImage="schoolimages.azurecr.io/kolibri:3",
        ),
    ],
    "rebuild": ["", "2026-11"],
    "secretLifetimeDays": [0, 365],
    "rewriteSecrets": [[], ["kolibri-secret-key", "kolibri-redis-url"]],
    "vaultName": ["", "kv-of-the-ministry-2"],
    "vaultRetentionDays": [90, 7],
    "learnerCanSignUp": [False, True],
    "learnerCanLoginByName": [False, True],
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
    "deleteLocks": [True, False],
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
    "tags": [{}, {"owner": "it"}],
}

PASSWORD = "Correct-Horse-7-Battery"


def pairwise(choices: Mapping[str, Sequence[typing.Any]]) -> list[Values]:
    """Few sets of values in which each pair of choices of two parameters occurs together.

    Greedy: each further set takes, parameter by parameter, the choice that covers most of the
    pairs still missing. The result is the same at every run.
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
    """The parameters that one choice of each makes."""
    values: Values = {}
    for name, choice in chosen.items():
        values.update(choice if isinstance(choice, Together) else {name: choice})
    return values
