"""Lookups that nearly every request repeats needlessly."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.core.auth.backends",
        "FacilityUserBackend.get_user",
        Kind.SPEED,
        known=("7fde60ce9e6e63ca",),
        wrapper="kolibri_azure_plugin.speed.signed_in_users:get_user_with_related",
        reason="Kolibri's session middleware always uses this backend, even if there are others.",
        evidence="Saves 9 of 111 statements and 8 % of the time of a round of a lesson with "
        "pauses; of the request that begins a page, 2 of 6 statements and 31 % of the time.",
        without="Requests query the rights and settings of the user one by one.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.api",
        "SessionViewSet.get_session_response",
        Kind.SPEED,
        known=("0d92d61f3b1a0385",),
        wrapper="kolibri_azure_plugin.speed.signed_in_users:answer_from_known_user",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves 4 of 106 statements and 3 % of the time of a round of a lesson; of the "
        "request that keeps a learner's session, 2 of 6 statements and 20 % of the time.",
        without="Each page that a learner opens queries roles that the learner does not have.",
        postgresql_only=True,
    ),
    Patch(
        "django.urls.resolvers",
        "URLResolver.resolve",
        Kind.SPEED,
        known=("8d82796fd291596c",),
        wrapper="kolibri_azure_plugin.speed.known_views:remember_views",
        reason="Kolibri's middleware and Django each resolve the view of a request, up to four "
        "times, among several hundred URLs.",
        evidence="Saves 5 % of the time of a round of a lesson.",
        without="The view of a request is resolved several times.",
    ),
    Patch(
        "kolibri.core.device.translation",
        "get_device_language",
        Kind.SPEED,
        known=("d433590d34d1644e",),
        wrapper="kolibri_azure_plugin.speed.request_cache:once_per_request",
        reason="Each URL pattern that begins with a language calls it.",
        evidence="Saves 2 to 4 % of the time of a round of a lesson, and 31 % of that of a page, "
        "which read all device settings 57 times.",
        without="The device settings are read 57 times in a request for a page.",
    ),
)
