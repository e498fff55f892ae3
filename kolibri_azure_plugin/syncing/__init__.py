"""What takes long in a sync with a school, done by the background workers.

A peer asks for a stage of a transfer with one request, and then for the state of it again and
again. `kolibri-sync-extras-plugin`, of Kolibri's makers, answers the first at once, and leaves the
stage to a job. This makes sure that there is such a job whatever happened, and only one; that it
is not begun before the request that asked for it has written its last word; and that a pull, too,
begins in one. docs/patches-for-others/kolibri-sync-extras-plugin.md says what it mends.
"""
