"""Builds the image and runs its containers, with podman or docker."""
