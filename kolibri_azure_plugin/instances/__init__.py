"""What several instances on one database agree on: who starts, who works, and who they are."""
