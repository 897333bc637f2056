#!/usr/bin/env bash
# The kernels' unit tests in Miri, which sees every access out of bounds or out of turn, every reference that
# another one overlaps, and every race of two threads. It interprets no vector instructions: `Simd::detect` gives
# the portable lanes under it, which share all pointers with the others.
#
#   tests/miri.sh            all unit tests of the kernels
#   tests/miri.sh winograd   those whose names hold a word
#
# Needs a nightly toolchain with Miri: rustup toolchain install nightly --component miri,rust-src
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "no Miri: rustup toolchain install nightly --component miri,rust-src" >&2
    exit 2
fi

# Two threads of rayon's, whose deques need the tree model of borrows and pointers from integers, and which outlive
# the tests.
export RAYON_NUM_THREADS=2
export MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-disable-isolation -Zmiri-ignore-leaks ${MIRIFLAGS:-}"

filters=(kernels::)
[ $# -eq 0 ] || filters=("$@")
cargo +nightly miri test --lib -- "${filters[@]}"
