# Sourced by the install scripts: gets programs of a newer Debian without touching this one.
# apt works here with its own source, lists, cache and an empty status file, so the system's packages stay as
# they are; what is downloaded is still checked against Debian's signed lists.
CACHE=${QWEN_TEST_CACHE:-$HOME/.cache/qwen-language-server-tests}
mkdir -p "$CACHE/bin"

# The mirror is the one this machine already uses.
mirror() {
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1 | grep . ||
    sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1 | grep . ||
    { echo "no Debian mirror is configured on this machine" >&2; return 1; }
}

# suite NAME: fills the array APT with the options for that one suite, and reads its list when it is a day old.
suite() {
  local dir=$CACHE/apt/$1 from
  from=$(mirror)
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/debs"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $1 main" > "$dir/source.list"
  APT=(-oDir::Etc::SourceList="$dir/source.list" -oDir::Etc::SourceParts=/dev/null
    -oDir::State::Lists="$dir/lists" -oDir::Cache="$dir/cache" -oDir::State::status=/dev/null
    -oAPT::Sandbox::User=root -oAcquire::Languages=none -oAcquire::PDiffs=false
    -oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  find "$dir/lists" -name '*Packages*' -mtime -1 | grep -q . || apt-get "${APT[@]}" -qq update
}

# unpack SUITE ROOT PACKAGE: the package and everything it depends on, unpacked into ROOT. No library is named here,
# since a suite that moves renames them.
unpack() {
  local debs=$CACHE/apt/$1/debs names deb
  suite "$1"
  names=$(apt-cache "${APT[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances "$3" 2>/dev/null | grep '^[a-z0-9]' | sort -u)
  rm -rf "$2" && mkdir -p "$2"
  # shellcheck disable=SC2086 # one word per package
  (cd "$debs" && apt-get "${APT[@]}" -qq download $names)
  for name in $names; do
    deb=$(find "$debs" -name "${name}_*.deb" -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-)
    [ -z "$deb" ] || dpkg-deb -x "$deb" "$2"
  done
}

# at_home ROOT PROGRAM: makes an unpacked program load its own root's libc. Starting it through the loader's command
# line instead would make /proc/self/exe the loader, and Neovim's screen could not start its own --embed child.
at_home() {
  local libraries=$1/usr/lib/x86_64-linux-gnu library
  command -v patchelf >/dev/null || apt-get install -y -qq --no-install-recommends patchelf >/dev/null
  # A library with a RUNPATH of its own ignores the program's RPATH.
  find "$libraries" -maxdepth 1 -type f -name '*.so*' | while read -r library; do
    if [ -n "$(patchelf --print-rpath "$library" 2>/dev/null)" ]; then patchelf --remove-rpath "$library"; fi
  done
  patchelf --set-interpreter "$1/usr/lib64/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$1/$2"
}
