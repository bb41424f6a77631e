#!/usr/bin/env bash
# Installs the keyring that tests/e2e/keyring.rs uses, unless it is there: gnome-keyring and a session bus (Debian, Ubuntu).
set -eu
missing=()
command -v gnome-keyring-daemon >/dev/null || missing+=(gnome-keyring)
command -v dbus-run-session >/dev/null || missing+=(dbus)
command -v secret-tool >/dev/null || missing+=(libsecret-tools)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "${missing[*]} missing; install them with this system's package manager and run tests/run again" >&2
    exit 1
fi
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
$sudo apt-get update
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends "${missing[@]}"
