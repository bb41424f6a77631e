# Sourced by each editor's `run`: stops at once where there is no server to test.
server=${QWEN_LANGUAGE_SERVER:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/debug/qwen-language-server}
[ -x "$server" ] || {
  echo "there is no server at $server: run \`cargo build\`, or set QWEN_LANGUAGE_SERVER"
  echo '0 passed, 1 failed'
  exit 1
}
