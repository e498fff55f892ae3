"""Each part of a running container killed once while learners use it."""
