"""Does the Redis that all instances share answer, and for how long yet?"""

from __future__ import annotations

import time

from kolibri_azure_plugin.caching.configuration import find_redis
from kolibri_azure_plugin.caching.redis_server import SHOW_STATE
from kolibri_azure_plugin.checks import endings
from kolibri_azure_plugin.checks.model import Outcome, Registry, Scope, passed, skipped, warned
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.retry import Deadline

CHECKS = Registry("kolibri")


@CHECKS.check(
    "cache",
    "The cache that all instances share answers.",
    scope=Scope.INSTANCE,
    after=("kolibri.settings", "vault.secrets"),
    timeout=8,
    advisory=True,
)
def cache(subject: Subject) -> Outcome:
    redis = find_redis(subject.context, Deadline(0))
    if redis is None:
        return skipped("there is no Redis: PostgreSQL is the shared cache")
    begun = time.perf_counter()
    redis.ask("PING")
    took = round((time.perf_counter() - begun) * 1000, 1)
    days_left = redis.certificate_days_left()
    measurements = {"answer_ms": took, "days_left": days_left}
    if endings.is_near(days_left):
        return warned(
            f"The certificate of Redis at {redis.address} {endings.in_words(days_left)}.",
            cause="no connection succeeds after that; Kolibri goes on without, but slower",
            remedy="Azure renews it by itself; see whether all is well with it:\n" + SHOW_STATE,
            **measurements,
        )
    return passed(f"Redis at {redis.address} answers in {took} ms.", **measurements)
