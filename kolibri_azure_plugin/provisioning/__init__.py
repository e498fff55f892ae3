"""What a deployment begins with: its settings' facility, or the data of another Kolibri."""
