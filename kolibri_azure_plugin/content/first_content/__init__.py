"""The content of a new deployment: what stands on the share, and the channels of a setting."""
