#!/bin/sh
# Checks the style of Python, shell and the Dockerfile, with the programs on the PATH.
set -eu
cd "$(dirname "$0")/.."

ruff check .
ruff format --check .
# Checks which room imports which.
lint-imports
hadolint docker/Dockerfile
# Every file whose first line names a shell.
grep -rlIE --exclude-dir='.*' '^(#!.*/(env )?(ba)?sh|# shellcheck shell=(ba)?sh( .*)?)$' arm docker devtools .ci/run |
    xargs shellcheck
