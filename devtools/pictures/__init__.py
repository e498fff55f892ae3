"""Makes the pictures in docs/pictures from the demo, in Chromium."""
