"""Requests that the web server must answer, and those that it must not."""

from __future__ import annotations

from kolibri_azure_plugin.configuration.settings import APP, ZIP_CONTENT
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.core.api",
        "ListModelMixin.serialize_list",
        Kind.SAFETY,
        known=("e9a99336bda3b533",),
        wrapper="kolibri_azure_plugin.web.viewset_copies:serialize_on_a_copy",
        reason="Kolibri's modules create these viewsets when they are imported.",
        evidence="While two learners opened their home pages at the same time, one was sent the "
        "lessons of the other's class.",
        without="Users who ask at the same moment may see each other's classes and progress.",
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__init__",
        Kind.SAFETY,
        known=("d4a03f5e45d15baf",),
        wrapper="kolibri_azure_plugin.content.media:disable_media_serving",
        reason="Kolibri wraps its application in this server, and passes it MEDIA_ROOT.",
        evidence="A list of a facility's users was downloaded without a sign-in.",
        without="Uploads and exports are served to anyone who guesses their names.",
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__call__",
        Kind.CORRECTNESS,
        known=("b67a6d9205c3cc2e",),
        wrapper="kolibri_azure_plugin.web.health.probes:answer_probes",
        reason="It is the outermost layer that sees a request. The platform's probes must be "
        "answered with any Host header, without https, and without waiting for a connection.",
        evidence="Probes were refused for their Host header, and waited for a database.",
        without="The platform's health checks fail, and it restarts instances that work.",
        roles=(APP, ZIP_CONTENT),
    ),
    Patch(
        "kolibri.core.device.api",
        "get_free_space",
        Kind.CORRECTNESS,
        known=("35b84e8ef306bbed",),
        wrapper="kolibri_azure_plugin.content.free_space:measure_with_timeout",
        reason="The device pages read the share while a visitor waits, and there is no hook.",
        evidence="Each request for these pages blocked a web server thread while the share hung.",
        without="The device pages may block all of the web server's threads while the share hangs.",
    ),
    *(
        Patch(
            module,
            name,
            Kind.CORRECTNESS,
            known=(digest,),
            wrapper="kolibri_azure_plugin.content.storage_locations:ask_if_reachable",
            reason="The device pages read the share while a visitor waits, and there is no hook.",
            evidence="Each question about the content folder, and each change of the device's "
            "settings, blocked a web server thread while the share hung.",
            without="Administrators who open or change the storage location may block all of the "
            "web server's threads while the share hangs.",
        )
        for module in ("kolibri.core.device.api", "kolibri.core.device.serializers")
        for name, digest in (
            ("get_path_permission", "d2ef8709a8945989"),
            ("check_is_directory", "c1bee9d090f0e80a"),
        )
    ),
    Patch(
        "kolibri.core.content.zip_wsgi",
        "_zip_content_from_request",
        Kind.CORRECTNESS,
        known=("7c2510e4bb3fd854",),
        wrapper="kolibri_azure_plugin.web.zip_content.outages:answer_unavailable",
        reason="Kolibri treats a file that it can't read as missing, and has no hook.",
        evidence="While the share was dead, learners were told that their page is not a valid zip "
        "file, with status 404.",
        without="Learners are told that interactive content does not exist while the share is "
        "dead.",
        roles=(ZIP_CONTENT,),
    ),
    Patch(
        "kolibri.core.content.zip_wsgi",
        "get_application",
        Kind.CORRECTNESS,
        known=("fd13b93cb192d696",),
        wrapper="kolibri_azure_plugin.web.zip_content.server:encode_response_body",
        reason="It answers unknown URLs with text, but WSGI needs bytes.",
        evidence="Each such URL caused a traceback in the log and a closed connection.",
        without="Wrong URLs of interactive content end in a closed connection.",
        roles=(ZIP_CONTENT,),
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.find_and_cache_dynamic_file",
        Kind.CORRECTNESS,
        known=("38fcd4ec65d4d2da",),
        wrapper="kolibri_azure_plugin.content.channels.serving:find_databases_uncached",
        reason="Kolibri caches the size of each file that it has served once.",
        evidence="A replaced database was served with the size of the old one, and for a moment "
        "not at all.",
        without="A school that downloads a channel's database during its replacement may get "
        "status 404.",
    ),
)
