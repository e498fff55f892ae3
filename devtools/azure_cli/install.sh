#!/bin/sh
# Installs the Azure CLI into its own environment: 730 MB, in about a minute.
#
#   sh devtools/azure_cli/install.sh FOLDER [PYTHON]
#
# FOLDER  the environment; unchanged if it matches requirements/azure-cli.txt
# PYTHON  the Python to use, 3.10 or newer; default: python3
set -eu

folder=$1 python=${2:-python3}
cd "$(dirname "$0")/../.."

wanted=$(cksum <requirements/azure-cli.txt)
if [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing the Azure CLI into $folder; this takes about a minute."
    rm -rf "$folder"
    "$python" -m venv "$folder"
    # It runs only a few times, so compiling all its modules would not pay off.
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-compile \
        -r requirements/azure-cli.txt
    echo "$wanted" >"$folder/installed"
fi
