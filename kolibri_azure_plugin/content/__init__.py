"""The content share, checked without ever hanging on it, and the channels on it."""
