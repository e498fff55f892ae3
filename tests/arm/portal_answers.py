"""Answers to the portal's form: those that it must take, and those that it must not."""

from __future__ import annotations

from devtools.arm.combinations import PASSWORD, REGISTRY

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "0123456789abcdef" * 4
RELEASED = f"registry.example.org/kolibri-azure@{DIGEST}"
FORK = "https://git.example.org/ministry/kolibri.git"

#: For each text box, texts that it accepts; None where nobody has touched it.
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

#: For each text box with a rule of its own, texts that it refuses.
REFUSED = {
    "alertEmails": [
        "",
        "nobody",
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

#: What is typed there into a form that is otherwise left as it opens.
IMAGES = {
    "build": {},
    "published": {"publishedImage": RELEASED},
    "own": {"ownImage": "schoolimages.azurecr.io/kolibri:2", "registryId": REGISTRY},
}

TAGS = [{}, {"Microsoft.Web/sites": {"owner": "it", "cost centre": "7"}}]

#: What is typed into a form that is otherwise left as it opens.
TYPED = {"superuserPassword": PASSWORD, "alertEmails": "one@example.org"}
