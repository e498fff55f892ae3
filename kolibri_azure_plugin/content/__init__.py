"""The content share: whether it is mounted and works, checked without ever hanging on it."""
