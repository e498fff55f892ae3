"""Stock Kolibri and this image's processes on the same machine: what each does of the same work."""
