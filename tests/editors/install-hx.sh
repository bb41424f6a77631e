#!/bin/bash
# Helix from Debian sid into the tests' cache. The last line printed is the path of the program.
set -euo pipefail
. "$(dirname "$0")/apt-suite.sh"
root=$CACHE/hx
program=$CACHE/bin/hx
"$program" --version >/dev/null 2>&1 || {
  unpack sid "$root" hx
  at_home "$root" usr/lib/hx/hx
  ln -sfn "$root/usr/lib/hx/hx" "$program"
}
"$program" --version
echo "$program"
