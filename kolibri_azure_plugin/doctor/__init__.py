"""The doctor: runs the checks and reports on them, even when Kolibri can't start."""
