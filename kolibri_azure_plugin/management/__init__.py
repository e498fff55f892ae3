"""What the plugin adds to `kolibri manage`."""
