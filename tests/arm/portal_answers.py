"""Answers to the portal's form that it must accept, and answers that it must refuse."""

from __future__ import annotations

from devtools.arm.combinations import PASSWORD, REGISTRY
from tests.arm.images import COMMIT, DIGEST, FORK, RELEASED

#: A channel of Kolibri Studio by its token, and another by its id.
TOKEN, CHANNEL = "nakav-mafak", "c9d7f950ab6b5a1199e3d6c10d7f0103"

#: Texts that each text box accepts; None for a box left untouched.
TEXTS = {
    "publishedImage": [RELEASED, f"registry.example.org:5000/k@{DIGEST}"],
    "ownImage": [
        "registry.example.org/kolibri-azure:0.1.0",
        "registry.example.org:5000/k:2026-11",
        RELEASED,
    ],
    "registryId": [None, "", REGISTRY],
    "superuserPassword": [PASSWORD],
    "alertEmails": ["one@example.org", "one@example.org , two@example.org,three@example.org"],
    "kolibri.facilityName": ["Kolibri", "École nº 7 “O'Brien”", "x" * 100],
    "kolibri.superuserName": ["admin", "A_1"],
    "kolibri.language": ["en", "es-419", "fr-fr"],
    "kolibri.channels": [
        None,
        "",
        TOKEN,
        f"{TOKEN.replace('-', '')} , {CHANNEL}",
        ", ".join([CHANNEL] * 30),
    ],
    "image.ref": ["v0.1.0", COMMIT, "v2", "v1." + "x" * 57],
    "image.rebuild": [None, "", "2026-11", "x" * 20],
    "image.repository": [
        "https://github.com/learningequality/kolibri-azure.git",
        FORK,
    ],
    "network.customDomain": [None, "", "kolibri.example.org"],
    "network.contentCustomDomain": [None, "", "kolibri-content.example.org"],
    "operation.vaultName": [None, "", "kv1", "Vault-of-the-Ministry-24"],
    "operation.budgetAmount": ["0", "500", "9999999"],
}

#: Texts that each text box with its own rule refuses.
REFUSED = {
    "alertEmails": [
        "",
        "someone",
        "one@example.org two@example.org",
        "one@example.org,",
        ", ".join(["one@example.org"] * 11),
    ],
    "superuserPassword": [
        "",
        "Short1",
        "Aa1" + "x" * 8,
        "Aa1" + "x" * 126,
        "no-capital-but-1-digit",
    ],
    "image.ref": [
        "",
        "main",
        "develop",
        "refs/heads/main",
        "version-2",
        "v1/next",
        "0.1.0",
        COMMIT[:7],
        COMMIT.upper(),
        COMMIT + "0",
        "v1." + "x" * 58,
    ],
    "image.rebuild": ["2026 11", "2026/11", "november_2026", "x" * 21],
    "image.repository": [
        "",
        "git@github.com:ministry/kolibri.git",
        "http://git.example.org/ministry/kolibri.git",
        "https://token@git.example.org/ministry/kolibri.git",
        "https://git.example.org/ministry/kolibri",
        f"{FORK}#main",
    ],
    "kolibri.facilityName": ["", "x" * 101],
    "kolibri.channels": [
        "Khan Academy",
        "nakav",
        f"{TOKEN},",
        f"{TOKEN} {CHANNEL}",
        f"{TOKEN};{CHANNEL}",
        CHANNEL[:-1],
        CHANNEL.upper(),
        f"https://studio.learningequality.org/channels/{CHANNEL}",
        ",".join([TOKEN] * 31),
    ],
    "network.customDomain": ["kolibri", "https://kolibri.example.org", "Kolibri.example.org"],
    "operation.vaultName": ["kv", "1st-vault", "vault-", "my--vault", "my_vault", "v" * 25],
    "operation.budgetAmount": ["", "12.50", "-1", "none"],
}

#: The same where the image is not built.
REFUSED_IMAGES = {
    "published": {
        "publishedImage": [
            "",
            "registry.example.org/kolibri-azure",
            "registry.example.org/kolibri-azure:0.1.0",
            "registry.example.org/kolibri-azure@sha256:0a",
            f"{RELEASED}0",
            DIGEST,
        ]
    },
    "own": {
        "ownImage": [
            "",
            "registry.example.org/kolibri-azure",
            "registry.example.org:5000/kolibri-azure",
            "https://registry.example.org/kolibri-azure:0.1.0 ",
            "registry.example.org/kolibri-azure@sha256:0a",
        ],
        "registryId": ["schoolimages.azurecr.io", "schoolimages"],
    },
}

#: The only texts typed into such a form.
IMAGES = {
    "build": {},
    "published": {"publishedImage": RELEASED},
    "own": {"ownImage": "schoolimages.azurecr.io/kolibri:2", "registryId": REGISTRY},
}

TAGS = [{}, {"Microsoft.Web/sites": {"owner": "it", "cost centre": "7"}}]

#: The texts typed into a form that keeps its defaults otherwise.
TYPED = {"superuserPassword": PASSWORD, "alertEmails": "one@example.org"}
