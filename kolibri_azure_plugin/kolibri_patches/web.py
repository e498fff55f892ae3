"""What the web server answers, and what it must not."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.settings import APP, ZIP_CONTENT

PATCHES = (
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__init__",
        Kind.SAFETY,
        known=("d4a03f5e45d15baf",),
        wrapper="kolibri_azure_plugin.media:serve_no_media",
        reason="Kolibri puts this server around its application, and tells it of MEDIA_ROOT.",
        answers="A list of a facility's users was downloaded without a sign-in.",
        without="Uploads and exports are served to anybody who guesses their names.",
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__call__",
        Kind.CORRECTNESS,
        known=("b67a6d9205c3cc2e",),
        wrapper="kolibri_azure_plugin.health.probes:answer_probes",
        reason="The outermost that sees a request. The platform's probes must be answered whatever "
        "the Host header, without https, and without a connection that Django may wait for.",
        answers="Probes were refused for their Host header, and waited for a database.",
        without="The platform's health checks fail, and it restarts instances that work.",
        roles=(APP, ZIP_CONTENT),
    ),
    Patch(
        "kolibri.core.device.api",
        "get_free_space",
        Kind.CORRECTNESS,
        known=("35b84e8ef306bbed",),
        wrapper="kolibri_azure_plugin.content.free_space:measure_in_time",
        reason="The pages of the device ask the share while a visitor waits; there is no hook.",
        answers="Each look at these pages while the share hung held a thread of the web server.",
        without="The pages of the device may hold all of the web server's threads while the share "
        "hangs.",
    ),
    Patch(
        "kolibri.core.content.zip_wsgi",
        "get_application",
        Kind.CORRECTNESS,
        known=("fd13b93cb192d696",),
        wrapper="kolibri_azure_plugin.zip_content.server:answer_in_bytes",
        reason="Answers other addresses with text, where WSGI wants bytes.",
        answers="A traceback in the log and a connection cut for each such address.",
        without="Wrong addresses of interactive content end in a cut connection.",
        roles=(ZIP_CONTENT,),
    ),
)
