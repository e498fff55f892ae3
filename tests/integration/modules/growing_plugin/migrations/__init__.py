"""The migrations of the plugin's new version."""
