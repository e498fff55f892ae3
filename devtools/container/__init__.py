"""Builds the image and runs containers of it, with podman or docker, whichever is there."""
