"""Runs the slow stages of a sync with a school in the background workers.

A peer requests a stage of a transfer, and then polls for its state. `kolibri-sync-extras-plugin`,
by the makers of Kolibri, answers the first request at once, and leaves the stage to a job. This
package makes sure that each stage has exactly one such job, even after failures; that the job
starts only after the request has saved its state; and that a pull starts in a job, too.
docs/patches-for-others/kolibri-sync-extras-plugin.md lists the bugs that it fixes.
"""
