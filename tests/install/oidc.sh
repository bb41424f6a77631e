#!/usr/bin/env bash
# Installs the authorization server that tests/e2e/oidc.rs signs in at, unless it is there: `oidc-provider`, pinned.
set -eu
here=$(cd "$(dirname "$0")/../oidc" && pwd)
folder=${QWEN_TEST_CACHE:-$HOME/.cache/qwen-language-server-tests}/oidc

if ! command -v npm >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo 'node 20 or later, with npm, is needed; install it and run tests/run again' >&2
    exit 1
fi
if cmp -s "$here/package-lock.json" "$folder/installed.json"; then
    exit 0
fi
mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder/"
npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts
# Last, so that an installation that was broken off is begun again.
cp "$here/package-lock.json" "$folder/installed.json"
