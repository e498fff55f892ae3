"""Tests whether coaches are notified of all accepted work, even when processes end."""
