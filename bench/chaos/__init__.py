"""Kills each part of a running container once while learners use it."""
