#!/usr/bin/env bash
# Compares pooltop with its peers: installs them from the ordinary package registries, builds the release binary, runs all
# of them interleaved on this machine, and prints one Markdown table of medians and ratios. The README's figures come from it.
#
#   benches/peers.sh                     all rows, five rounds
#   benches/peers.sh --rounds 3 D1 S1    these rows, three rounds
#   benches/peers.sh --no-install ...    with the peers that are there
#
# Peers go into target/peers, and Debian's own where Debian puts them (as root). What cannot be installed is told in the
# table. Everything measured lies in a temporary folder (TMPDIR decides where) that is removed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(
    parallel     # S1: GNU parallel
    moreutils    # S1: the other parallel
    findutils    # S1: xargs
    rsync        # C1, C2
    htop         # U1
    btop         # U1
    python3      # D1, D2, S1, S2, C3: multiprocessing and concurrent.futures; and what drives it all
    python3-venv # where the Python peers go
)
crates=(rust-parallel fcp xcp cpz bottom)
wheels=(joblib loky mpire)

root=$PWD/target/peers
mkdir -p "$root"

say() { printf '%s\n' "$*" >&2; }

install_packages() {
    local package missing=()
    for package in "${packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "not root, so these stay out: ${missing[*]}"
        return 0
    fi
    apt-get update -q >&2
    # One by one: a package that this Debian does not have must not keep the others out.
    for package in "${missing[@]}"; do
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package" >&2 || say "$package: not installed"
    done
}

install_crates() {
    local crate
    for crate in "${crates[@]}"; do
        [ ! -e "$root/.crate-$crate" ] || continue
        # Outside this folder, so that they are built as their authors meant, without our .cargo/config.toml.
        if (cd / && cargo install --quiet --locked --root "$root" "$crate") >&2; then
            touch "$root/.crate-$crate"
        else
            say "$crate: not installed"
        fi
    done
}

install_wheels() {
    local wheel
    [ -x "$root/venv/bin/python" ] || python3 -m venv "$root/venv" || return 0
    for wheel in "${wheels[@]}"; do
        "$root/venv/bin/python" -c "import $wheel" 2>/dev/null ||
            "$root/venv/bin/python" -m pip install --quiet "$wheel" >&2 || say "$wheel: not installed"
    done
}

if [ "${1:-}" = --no-install ]; then
    shift
else
    install_packages
    install_crates
    install_wheels
fi

cargo build --quiet --release --bin pooltop --example floor
host=$(rustc -vV | sed -n 's/^host: //p')
built=$(realpath "${CARGO_TARGET_DIR:-target}")/$host/release

python=$root/venv/bin/python
[ -x "$python" ] || python=python3
# -B: no compiled copies beside the sources.
exec "$python" -B benches/peers/drive.py --pooltop "$built/pooltop" --floor "$built/examples/floor" --peers "$root/bin" "$@"
