#!/bin/bash
# What builds a Zed extension and executes it without Zed, into the tests' cache: Debian sid's rustc with its std for
# wasm32-wasip2, and wasmtime for Python. The last line printed is the path of a cargo that builds for that target.
#
# Debian's std needs Debian's rustc, since a crate's metadata is read by the compiler that wrote it alone. cargo and the
# linkers are the rustup toolchain's.
set -euo pipefail
. "$(dirname "$0")/apt-suite.sh"
root=$CACHE/rust-wasm
rustc=$root/usr/bin/rustc
std=$root/usr/lib/rustlib/wasm32-wasip2/lib
cargo=$CACHE/bin/cargo-wasm
python=$CACHE/wasmtime-python

linkers=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin
[ -x "$linkers/wasm-component-ld" ] && [ -x "$linkers/gcc-ld/wasm-ld" ] || {
  echo "there is no wasm-component-ld in $linkers: install Rust with rustup, which brings it" >&2
  exit 1
}

# A download that broke off leaves no `complete`, and is done anew.
[ -e "$root/complete" ] && "$rustc" --version >/dev/null 2>&1 && [ -d "$std" ] || {
  # rustc itself would bring gcc and libc's headers along, and the machine's own serve.
  unpack sid "$root" libstd-rust-dev
  (cd "$CACHE/apt/sid/debs" && apt-get "${APT[@]}" -qq download rustc libstd-rust-dev-wasm32)
  for name in rustc libstd-rust-dev-wasm32; do
    dpkg-deb -x "$(find "$CACHE/apt/sid/debs" -name "${name}_*.deb" -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-)" "$root"
  done
  at_home "$root" usr/bin/rustc
  rm -rf "$root"/usr/lib/rustlib/wasm32-unknown-unknown "$root"/usr/lib/rustlib/wasm32-wasip1 "$root"/usr/share/doc
  touch "$root/complete"
}

cat > "$cargo" <<END
#!/bin/sh
export RUSTC=$rustc CARGO_TARGET_WASM32_WASIP2_LINKER=$linkers/wasm-component-ld
export PATH=$linkers/gcc-ld:$linkers:\$PATH
exec cargo "\$@" --target wasm32-wasip2
END
chmod +x "$cargo"

# tomli: what Python before 3.11 lacks as tomllib.
wasmtime_ready() { PYTHONPATH=$python python3 -c 'import wasmtime.component, tomli' 2>/dev/null; }
wasmtime_ready || {
  python3 -m pip --version >/dev/null 2>&1 || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
  }
  rm -rf "$python"
  python3 -m pip install --quiet --disable-pip-version-check --no-compile --root-user-action=ignore \
    --target "$python" wasmtime==50.0.1 tomli==2.2.1
  wasmtime_ready
}

"$rustc" --version
echo "$cargo"
