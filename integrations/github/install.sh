#!/usr/bin/env bash
# Installs auditor from this repository into the runner's own folder, in the versions of the lock.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
home="${RUNNER_TEMP:?is set by the runner}/auditor"
if [[ ! "${EXTRAS:-}" =~ ^[a-z0-9,]*$ ]]; then
    echo "::error::extras: got something else than names and commas" >&2
    exit 2
fi
# Isolated (-I): a module of the checkout, such as its own pip.py, must not be found before ours.
python3 -I -m venv "$home"
# Without the hashes: the package itself, a folder, can have none, and then none may stand there.
sed -n 's/^\([A-Za-z0-9._-]*==[^\\]*[^\\ ]\) *\\\{0,1\}$/\1/p' "$root/requirements.lock" > "$home/constraints.txt"
"$home/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    --constraint "$home/constraints.txt" "${root}${EXTRAS:+[$EXTRAS]}"
echo "$home/bin" >> "${GITHUB_PATH:?is set by the runner}"
