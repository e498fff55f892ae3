"""The configuration of this deployment: settings, secrets and preconditions."""
