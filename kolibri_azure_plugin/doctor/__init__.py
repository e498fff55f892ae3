"""The doctor: runs the checks and reports on them, also where Kolibri can't start."""
