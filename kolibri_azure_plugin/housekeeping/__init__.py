"""Removes finished, abandoned and expired data, so that a server that never stops does not grow."""
