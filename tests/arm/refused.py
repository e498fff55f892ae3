"""Values that the production template refuses, and values close to them that it takes."""

from __future__ import annotations

import typing
from collections.abc import Mapping

from devtools.arm.combinations import REGISTRY

Values = Mapping[str, typing.Any]

OWN = "schoolimages.azurecr.io/kolibri:2"
PUBLISHED = "registry.example.org/kolibri-azure@sha256:" + "0123456789abcdef" * 4

#: Values, and a part of what the template says about them.
REFUSED: Mapping[str, tuple[Values, str]] = {
    "Basic plan with a slot": (
        {"size": "medium", "sizeOverrides": {"planSku": "B3"}},
        "planSku B3 is a Basic plan",
    ),
    "Basic plan with several instances": (
        {"sizeOverrides": {"maximumInstances": 2}},
        "planSku B2 is a Basic plan",
    ),
    "too few connections": (
        {"size": "medium", "sizeOverrides": {"maximumInstances": 22}},
        "Set it to 408 or more",
    ),
    "too few connections for one instance": (
        {"sizeOverrides": {"databaseConnections": 20}},
        "Set it to 21 or more",
    ),
    "registry of a published image": (
        {"imageSource": "published", "image": PUBLISHED, "registryId": REGISTRY},
        "registryId is for imageSource own",
    ),
    "version for a slot that is not there": (
        {"stagingRef": "v0.2.0"},
        "are for the staging slot",
    ),
    "image for a slot that is not there": (
        {"imageSource": "own", "image": OWN, "stagingImage": OWN},
        "are for the staging slot",
    ),
    "version for a slot that is switched off": (
        {"size": "large", "sizeOverrides": {"stagingSlot": False}, "stagingRef": "v0.2.0"},
        "are for the staging slot",
    ),
    "one host name for both": (
        {"customDomain": "kolibri.example.org", "contentCustomDomain": "Kolibri.example.org"},
        "customDomain and contentCustomDomain are both kolibri.example.org",
    ),
    "one host name for both behind Front Door": (
        {
            "customDomain": "kolibri.example.org",
            "contentCustomDomain": "kolibri.example.org",
            "frontDoor": "standard",
            "deleteLocks": False,
        },
        "customDomain and contentCustomDomain are both kolibri.example.org",
    ),
}

TAKEN: Mapping[str, Values] = {
    "another Basic plan": {"sizeOverrides": {"planSku": "B3"}},
    "several instances of a larger plan": {
        "sizeOverrides": {"planSku": "P0v3", "maximumInstances": 6}
    },
    "several instances of a larger plan, and a slot": {
        "sizeOverrides": {"planSku": "P0v3", "maximumInstances": 6, "stagingSlot": True}
    },
    "just enough connections": {
        "size": "medium",
        "sizeOverrides": {"maximumInstances": 22, "databaseConnections": 408},
    },
    "registry of an own image": {"imageSource": "own", "image": OWN, "registryId": REGISTRY},
    "a host name for each": {
        "customDomain": "kolibri.example.org",
        "contentCustomDomain": "kolibri-content.example.org",
    },
    "version for the slot": {"size": "medium", "stagingRef": "v0.2.0"},
    "image for an added slot": {
        "sizeOverrides": {"planSku": "P0v3", "stagingSlot": True},
        "imageSource": "own",
        "image": OWN,
        "stagingImage": OWN,
    },
}
