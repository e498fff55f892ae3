"""Several instances on one database: starts, background workers, identity and activity."""
