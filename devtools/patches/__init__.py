"""What a patch of Kolibri has to know."""
