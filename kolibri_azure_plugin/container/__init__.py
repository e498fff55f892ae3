"""The container: its configuration, its supervised processes and its tools."""
