"""The server for interactive content. It uses only the share: no database, secrets or peers."""
