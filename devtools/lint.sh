#!/bin/sh
# Checks the style of Python, of shell and of the Dockerfile, with the programs on the PATH.
set -eu
cd "$(dirname "$0")/.."

ruff check .
ruff format --check .
hadolint docker/Dockerfile
# Whatever says in its first line that a shell runs it.
grep -rlIE --exclude-dir='.*' '^(#!.*/(env )?(ba)?sh|# shellcheck shell=(ba)?sh( .*)?)$' arm docker devtools .ci/run |
    xargs shellcheck
