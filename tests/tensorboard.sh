#!/usr/bin/env bash
# Event files of a run that was stopped and resumed, read by both readers of PyPI's tensorboard and compared with the
# journal.
#
#   tests/tensorboard.sh
#
# Needs a Python with tensorboard: RAVINE_PYTHON, or python3.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet
ravine=${CARGO_TARGET_DIR:-target}/debug/ravine
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
small=(--set train.tensorboard=true --set train.epochs=4 --set train.save_every=0.5 --set probe.every=0.5)

"$ravine" pretrain --out "$folder/whole" "${small[@]}" >"$folder/card" 2>"$folder/said"
"${RAVINE_PYTHON:-python3}" tests/tensorboard/check.py "$folder/whole"

# Killed between two checkpoints, so that steps are written again.
"$ravine" pretrain --out "$folder/resumed" "${small[@]}" >"$folder/card" 2>"$folder/said" &
until grep -q '"step":45}' "$folder/resumed/metrics.jsonl" 2>/dev/null; do sleep 0.1; done
kill -9 $!
wait $! 2>/dev/null || true
"$ravine" pretrain --resume --out "$folder/resumed" >"$folder/card" 2>"$folder/said"
"${RAVINE_PYTHON:-python3}" tests/tensorboard/check.py "$folder/resumed"
