"""Does Key Vault hand out every secret, and for how long yet?"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from kolibri_azure_plugin.checks import endings
from kolibri_azure_plugin.checks.model import Outcome, Registry, Scope, passed, skipped, warned
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.cloud.network import CONNECT_TIMEOUT, READ_TIMEOUT, explain_no_answer
from kolibri_azure_plugin.errors import VaultError

CHECKS = Registry("vault")

#: How long a new secret is good for, unless whoever writes it has a rule of their own.
LIFETIME = timedelta(days=365)

NO_VAULT = "KOLIBRI_AZURE_KEY_VAULT_URL is empty: secrets come from the environment"


@CHECKS.check(
    "reachable",
    "Key Vault answers, with a certificate that can be trusted.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    timeout=12,
)
def reachable(subject: Subject) -> Outcome:
    # The HTTP client of the Azure SDKs, of which Kolibri brings its own version.
    import requests

    vault = subject.context.vault
    if vault is None:
        return skipped(NO_VAULT)
    begun = time.perf_counter()
    try:
        answer = requests.get(
            f"https://{vault.host}/healthstatus", timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
        )
    except requests.RequestException as error:
        raise VaultError(
            f"Key Vault {vault.host} can't be reached.",
            expected="an answer over TLS",
            **explain_no_answer(error, vault.host),
        ) from error
    return passed(
        f"{vault.host} answers.",
        status=answer.status_code,
        answer_ms=round((time.perf_counter() - begun) * 1000, 1),
    )


@CHECKS.check(
    "secrets",
    "Each secret can be read and is enabled.",
    scope=Scope.DEPLOYMENT,
    requires=("vault.reachable",),
    after=("identity.vault_token",),
    timeout=15,
)
def secrets(subject: Subject) -> Outcome:
    if subject.context.vault is None:
        return skipped(NO_VAULT)
    here = subject.context.secrets
    for name in subject.secret_names:
        here.get(name)
    sources = [f"{name}: {here.sources[name]}" for name in subject.secret_names]
    return passed(f"{len(sources)} secrets can be read.", sources=sources)


@CHECKS.check(
    "expiry",
    "No secret ends soon.",
    scope=Scope.DEPLOYMENT,
    requires=("vault.secrets",),
    advisory=True,
)
def expiry(subject: Subject) -> Outcome:
    vault = subject.context.vault
    if vault is None:
        return skipped(NO_VAULT)
    # It is read by none of the checks before this one.
    subject.context.secrets.find(subject.context.settings.redis_url_secret, optional=True)
    now = datetime.now(timezone.utc)
    kept = list(subject.context.secrets.from_vault.values())
    ages = {f"{s.name}_age_days": (now - s.updated_on).days for s in kept if s.updated_on}
    ending = {s.name: (s.expires_on - now).days for s in kept if s.expires_on}
    left = {f"{name}_days_left": days for name, days in ending.items()}
    near = sorted((days, name) for name, days in ending.items() if endings.is_near(days))
    if near:
        said = ", ".join(f"{name} {endings.in_words(days)}" for days, name in near)
        return warned(
            f"Secret {said}.",
            cause="Key Vault still hands it out then, but whoever set the date wants a new one",
            remedy="\n".join(
                f"az keyvault secret set --vault-name {vault.name} -n {name} --file FILE "
                f"--expires {now + LIFETIME:%Y-%m-%d}"
                for _days, name in near
            ),
            **ages,
            **left,
        )
    return passed(f"No secret ends within {endings.NEAR_DAYS} days.", **ages, **left)
