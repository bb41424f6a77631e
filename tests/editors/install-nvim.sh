#!/bin/bash
# Neovim into the tests' cache: `install-nvim.sh` gets Debian sid's (0.12), `install-nvim.sh trixie` gets 0.10.
# The last line printed is the path of the program.
set -euo pipefail
. "$(dirname "$0")/apt-suite.sh"
suite_name=${1:-sid}
root=$CACHE/nvim-$suite_name
program=$CACHE/bin/nvim-$suite_name
"$program" --version >/dev/null 2>&1 || {
  unpack "$suite_name" "$root" neovim
  at_home "$root" usr/bin/nvim
  ln -sfn "$root/usr/bin/nvim" "$program"
}
"$program" --version | head -1
echo "$program"
