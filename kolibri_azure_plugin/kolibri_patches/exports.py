"""Names of exports."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.core.logger.tasks",
        "get_valid_filenames",
        Kind.CORRECTNESS,
        known=("1293725176259da6",),
        wrapper="kolibri_azure_plugin.exports.kept:keep_by_stored_name",
        reason="Compares names that Kolibri makes of facilities with those of files, and removes "
        "what it does not know. Names of files are the storage's, names of facilities anybody's.",
        answers="The export of a facility with a slash or a colon in its name was removed, and one "
        "that another worker had just written.",
        without="An export whose name had to be changed is removed when another one is made.",
    ),
    Patch(
        "kolibri.plugins.facility.views",
        "FileResponse",
        Kind.CORRECTNESS,
        known=("72407a4c992c5f8b",),
        wrapper="kolibri_azure_plugin.exports.downloads:name_attachments",
        reason="The view writes a facility's name into a header as it stands, while it answers.",
        answers="Burmese names arrived as =?utf-8?b?…, and one with two lines was answered 500.",
        without="Browsers save exports of facilities with other than English names under strange "
        "names, or not at all.",
    ),
)
