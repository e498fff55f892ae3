"""What runs before Kolibri in the container, and beside it."""
