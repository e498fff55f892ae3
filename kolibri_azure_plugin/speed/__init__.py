"""What all instances have to agree on is kept for two seconds at most, or where all can see it."""
