# Sourced by ./run and ./test: brings a fresh Debian 12 machine to where the work can be done. Installs nothing that is there.
# shellcheck shell=bash

export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/openclaw-ccache}"
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-3G}"

BUILD_PACKAGES=(clang-19 lld-19 libclang-rt-19-dev ccache cmake ninja-build git ca-certificates
  libboost1.81-dev libboost-json1.81-dev libboost-container1.81-dev libssl-dev libsqlite3-dev zlib1g-dev libfmt-dev
  libseccomp-dev libsodium-dev libre2-dev libutf8proc-dev libgumbo-dev libcmark-gfm-dev libcmark-gfm-extensions-dev)
TEST_PACKAGES=(libgtest-dev libgmock-dev clang-format-19 clang-tidy-19 chromium tmux python3 python3-venv util-linux strace curl xz-utils zsh fish prometheus openssl)

have_package() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

# Installs the packages that are missing; as a plain user through sudo, and with a clear sentence when neither is possible.
install_packages() {
  local missing=() package
  for package in "$@"; do have_package "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "These Debian packages are missing, and only root can install them: ${missing[*]}" >&2
      echo "Run as root: apt-get install ${missing[*]}" >&2
      return 1
    }
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # The tests start a Prometheus of their own; the package's service is not wanted.
  if [[ " ${missing[*]} " == *" prometheus "* && -d /run/systemd/system ]]; then "${as_root[@]}" systemctl mask prometheus; fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

setup_build_packages() { install_packages "${BUILD_PACKAGES[@]}"; }
setup_test_packages() { install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; }

# build_preset PRESET TARGET...
build_preset() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" --target "$@"
}

# Node for the tests alone: the machine's own when it is new enough, else Node 22 from the npm registry's archive of it.
setup_node() {
  local major
  if command -v node >/dev/null && command -v npm >/dev/null; then
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] && return 0
  fi
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/openclaw-tests/node22"
  if [ ! -x "$folder/node/bin/node" ]; then
    install_packages npm
    mkdir -p "$folder"
    (cd "$folder" && npm init -y >/dev/null && npm install --no-audit --no-fund node@22 >/dev/null)
    mkdir -p "$folder/node/bin"
    ln -sf "$folder/node_modules/node/bin/node" "$folder/node/bin/node"
  fi
  export PATH="$folder/node/bin:$PATH"
}

# The sandbox and the journeys are tested as a plain user: as root they would pass falsely.
PLAIN_USER=openclaw-test
setup_plain_user() {
  [ "$(id -u)" -eq 0 ] || return 0
  id "$PLAIN_USER" >/dev/null 2>&1 || useradd --create-home --shell /bin/sh "$PLAIN_USER"
}
