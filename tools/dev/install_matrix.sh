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

# The commands of docs/en/install.md, from the root of the clone: by uv, or by pip alone.
documented_install() {
    local python=$1 installer=$2
    if [ "$installer" = uv ]; then
        "$python" -m pip install uv &&
            "$python" -m uv pip install --python "$python" \
                --override requirements/override.txt '.[lite,mim]'
        return
    fi
    if [ "$("$python" -c 'import sys; print(sys.version_info[1])')" = 12 ]; then
        "$python" -m pip install -r requirements/build.txt &&
            "$python" -m pip install --no-build-isolation '.[lite,mim]'
    else
        "$python" -m pip install '.[lite,mim]'
    fi
}

try() {
    local python=$1 installer=$2 env start seconds works=yes search=yes stack
    env=$(mktemp -d)
    "$python" -m venv "$env"
    start=$SECONDS
    (cd "$root" && documented_install "$env/bin/python" "$installer") || works='no: install'
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
    echo "| $stack | $installer | ${seconds} s | $works | $search |" >&3
}

echo '| stack | by | install | import, model, detector, configs | mim search |'
echo '| --- | --- | --- | --- | --- |'
for python in "${@:-$(pythons)}"; do
    for each in $python; do
        for installer in uv pip; do
            # MMPose's requirements cannot be built there by pip.
            [ "$installer" = pip ] &&
                "$each" -c 'import sys; sys.exit(sys.version_info < (3, 13))' &&
                continue
            log="$logs/$(echo "$each" | tr -c 'a-zA-Z0-9.\n' _)_$installer.log"
            try "$each" "$installer" 3>&1 >"$log" 2>&1
        done
    done
done
echo "logs: $logs" >&2
