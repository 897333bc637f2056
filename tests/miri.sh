#!/usr/bin/env bash
# The kernels' unit tests in Miri, which sees every access out of bounds or out of turn, every reference that
# another one overlaps, and every race of two threads. It interprets no vector instructions: `Simd::detect` gives
# the portable lanes under it, which share all pointers with the others.
#
#   tests/miri.sh            all unit tests of the kernels: half an hour
#   tests/miri.sh winograd   those whose names hold a word
#
# The kernels know nothing of the rest, so they are built as a crate of their own, in seconds, below target/.
# Needs a nightly toolchain with Miri: rustup toolchain install nightly --component miri,rust-src
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "no Miri: rustup toolchain install nightly --component miri,rust-src" >&2
    exit 2
fi

root=$PWD
crate=$root/target/miri-kernels
mkdir -p "$crate/src"
cp Cargo.lock "$crate/"
{
    printf '[package]\nname = "kernels"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
    printf '[dependencies]\n'
    grep '^rayon = ' Cargo.toml
    printf '\n[dev-dependencies]\n'
    grep '^proptest = ' Cargo.toml
} >"$crate/Cargo.toml"
printf '#[path = "%s"]\npub mod kernels;\n' "$root/src/kernels/mod.rs" >"$crate/src/lib.rs"

# Two threads of rayon's, whose deques need the tree model of borrows and pointers from integers, and which outlive
# the tests.
export RAYON_NUM_THREADS=2
export MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-disable-isolation -Zmiri-ignore-leaks ${MIRIFLAGS:-}"

filters=(kernels::)
[ $# -eq 0 ] || filters=("$@")
cargo +nightly miri test --manifest-path "$crate/Cargo.toml" --lib -- "${filters[@]}"
