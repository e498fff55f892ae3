#!/bin/sh
# Creates a virtual environment for the Makefile, and installs what a target needs into it.
#
#   sh devtools/environment.sh FOLDER REQUIREMENTS [PYTHON]
#
# FOLDER        the environment; recreated when its Python is gone or is not the requested one
# REQUIREMENTS  a name: installs the package and requirements/NAME.txt if they have changed; if
#               requirements/NAME.lock exists, installs only that and checks all hashes
# PYTHON        the Python to use; default: the first suitable one on this machine
#
# Changes nothing outside FOLDER, so it works with and without root.
set -eu

folder=$1 requirements=$2 python=${3:-}
oldest=3.9 newest=3.13
candidates="python3 python3.13 python3.12 python3.11 python3.10 python3.9 python"
stamp=$folder/installed-$requirements

say() { printf '%s\n' "$*"; }
fail() { say "error: $1" >&2; shift; for line; do say "$line" >&2; done; exit 1; }

# The version of a Python, such as 3.11. Empty if it can't be run: the PATH may contain a launcher
# without a Python behind it.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

supported() {
    case $1 in
        3.9 | 3.1[0-3]) true ;;
        *) false ;;
    esac
}

can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    seen=
    without_venv=
    for candidate in $candidates; do
        version=$(version_of "$candidate")
        [ -n "$version" ] || continue
        seen="$seen $candidate ($version)"
        supported "$version" || continue
        if can_make_environments "$candidate"; then
            python=$candidate
            return
        fi
        without_venv=${without_venv:-$version}
    done
    [ -z "$without_venv" ] || fail_without_venv "$without_venv"
    fail "Python $oldest to $newest is needed; found:${seen:- none}." \
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; Fedora: dnf install" \
        "python3; macOS: brew install python@$newest), or name one that is not on the PATH:" \
        "  make PYTHON=/path/to/python3 ..."
}

check_python() {
    version=$(version_of "$python")
    [ -n "$version" ] || fail "PYTHON=$python can't be run."
    supported "$version" ||
        fail "Python $oldest to $newest is needed; PYTHON=$python is version $version."
    can_make_environments "$python" || fail_without_venv "$version"
}

fail_without_venv() {
    fail "Python $1 is here, but not its venv module, which makes the environment." \
        "Debian, Ubuntu: apt-get install python3-venv (or python$1-venv)."
}

usable() {
    found=$(version_of "$folder/bin/python")
    [ -n "$found" ] && { [ -z "$python" ] || [ "$found" = "$(version_of "$python")" ]; }
}

make_environment() {
    if [ -n "$python" ]; then check_python; else find_python; fi
    say "Making the environment $folder with Python $version ($python)."
    rm -rf "$folder"
    "$python" -m venv "$folder" || fail "$python could not make $folder; see above."
}

install() {
    lock=requirements/$requirements.lock
    if [ -f "$lock" ]; then
        say "Installing $lock into $folder."
        set -- --require-hashes -r "$lock"
    else
        say "Installing the package and requirements/$requirements.txt into $folder;" \
            "the first time this takes a few minutes."
        set -- -r "requirements/$requirements.txt" --editable .
    fi
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
        fail "pip could not install them; see above. It needs a package index it can reach."
}

cd "$(dirname "$0")/.."
usable || make_environment
wanted=$(cat setup.py requirements/* | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    install
    say "$wanted" >"$stamp"
fi
