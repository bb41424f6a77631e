#!/bin/bash
# Emacs without a window system, with eglot (its own from 29 on, a package of its own in Debian 12). The last line
# printed is its version.
set -euo pipefail
ready() { emacs --batch --eval "(progn (require 'package) (package-initialize) (require 'eglot))" >/dev/null 2>&1; }
ready || {
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends emacs-nox >/dev/null
  ready || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends elpa-eglot >/dev/null
}
ready
emacs --version | head -1
