#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Try the documented install on every Python found, each in a fresh
# environment, and print a table:
#   tools/dev/install_matrix.sh [PYTHON ...]
# An install takes 5 GB while it is tried, mostly torch; LOGS keeps what the
# commands printed.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
logs=${LOGS:-$(mktemp -d)}
mkdir -p "$logs"

pythons() {
    for version in 3.9 3.10 3.11 3.12 3.13; do
        for candidate in "python$version" \
            "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
            if "$candidate" -c 'import ensurepip' 2>/dev/null; then
                echo "$candidate"
                break
            fi
        done
    done
}

# The README's commands, from the root of the clone.
documented_install() {
    case $("$1" -c 'import sys; print(*sys.version_info[:2], sep=".")') in
    3.12)
        "$1" -m pip install -r requirements/build.txt &&
            "$1" -m pip install --no-build-isolation '.[lite,mim]'
        ;;
    3.13)
        "$1" -m pip install uv &&
            "$1" -m uv pip install --python "$1" \
                --override requirements/override.txt '.[lite,mim]'
        ;;
    *) "$1" -m pip install '.[lite,mim]' ;;
    esac
}

try() {
    local python=$1 env start seconds works=yes search=yes stack
    env=$(mktemp -d)
    "$python" -m venv "$env"
    start=$SECONDS
    (cd "$root" && documented_install "$env/bin/python") || works='no: install'
    seconds=$((SECONDS - start))
    stack=$("$python" --version)
    if [ "$works" = yes ]; then
        stack=$(cd / && "$env/bin/python" "$root/tools/dev/check_install.py" |
            tail -n 1) || works='no: check'
        (cd / && "$env/bin/mim" search mmpose_face) | grep 300w >&2 ||
            search=no
    else
        search=no
    fi
    rm -rf "$env"
    echo "| $stack | ${seconds} s | $works | $search |" >&3
}

echo '| stack | install | import, model, detector | mim search |'
echo '| --- | --- | --- | --- |'
for python in "${@:-$(pythons)}"; do
    for each in $python; do
        log="$logs/$(echo "$each" | tr -c 'a-zA-Z0-9.\n' _).log"
        try "$each" 3>&1 >"$log" 2>&1
    done
done
echo "logs: $logs" >&2
