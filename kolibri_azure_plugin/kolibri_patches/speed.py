"""What nearly each request asks, and need not ask again."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.core.auth.backends",
        "FacilityUserBackend.get_user",
        Kind.SPEED,
        known=("7fde60ce9e6e63ca",),
        wrapper="kolibri_azure_plugin.caching.signed_in_users:read_with_belongings",
        reason="Kolibri's session middleware asks this backend, whatever others there are.",
        answers="Four of six queries, and half of the time, that a learner's own account takes; "
        "one of three, and a fifth, of the learner's state.",
        without="Requests ask the database for the rights and settings of the user one by one.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.permissions.general",
        "_user_is_admin_for_own_facility",
        Kind.SPEED,
        known=("a2b72a4eafe58b14",),
        wrapper="kolibri_azure_plugin.caching.signed_in_users:nobody_without_role_is_admin",
        reason="Permission classes call it as a plain function.",
        answers="Two of four queries, and 36 % of the time, that a learner's own account takes.",
        without="Requests of learners ask the database twice whether they are administrators.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.permissions.base",
        "RoleBasedPermissions.readable_by_user_filter",
        Kind.SPEED,
        known=("e99a4398c13305b0",),
        wrapper="kolibri_azure_plugin.caching.signed_in_users:nothing_is_readable_without_role",
        reason="Models name their permission classes in their own code.",
        answers="One of three queries, and 21 % of the time, that a learner's own account takes.",
        without="Requests of learners ask the database for roles that they do not have.",
        postgresql_only=True,
    ),
    Patch(
        "django_filters.rest_framework.backends",
        "DjangoFilterBackend.filter_queryset",
        Kind.SPEED,
        known=("720f4df16ac534c8",),
        wrapper="kolibri_azure_plugin.unfiltered:filter_when_asked",
        reason="Views name this backend in their own code.",
        answers="29 % of the time that a learner's own account takes.",
        without="Requests without filters build the form of all filters.",
    ),
    Patch(
        "django.urls.resolvers",
        "URLResolver.resolve",
        Kind.SPEED,
        known=("8d82796fd291596c",),
        wrapper="kolibri_azure_plugin.caching.once_per_request:resolve_once",
        reason="Kolibri's middleware and Django each look for the view of a request, up to four "
        "times, among several hundred addresses.",
        answers="10 % of the time of the learner's state and of a page.",
        without="The view of a request is looked for several times.",
    ),
    Patch(
        "kolibri.core.device.translation",
        "get_device_language",
        Kind.SPEED,
        known=("d433590d34d1644e",),
        wrapper="kolibri_azure_plugin.caching.once_per_request:once_per_request",
        reason="Each pattern of addresses that begin with a language asks for it.",
        answers="31 % of the time of a page, in thirty readings of all device settings, and 8 % of "
        "the learner's state.",
        without="The device settings are read thirty times in a request.",
    ),
)
