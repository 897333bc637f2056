#!/usr/bin/env bash
# A table of embeddings in every format, and one in parts, read by the programs that people read tables with: NumPy, pandas,
# polars, duckdb, safetensors, faiss, Hugging Face datasets.
#
#   tests/table_readers.sh
#
# Needs a Python with those: RAVINE_PYTHON, or python3.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet
ravine=${RAVINE:-${CARGO_TARGET_DIR:-target}/debug/ravine}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$ravine" pretrain digits --set train.epochs=1 --out "$folder/run" >"$folder/card" 2>"$folder/said"
for ending in parquet npy safetensors csv jsonl; do
    "$ravine" embed "$folder/run" --out "$folder/table.$ending" >>"$folder/said" 2>&1
done
"$ravine" embed "$folder/run" --out "$folder/parts/" --shard-rows 500 >>"$folder/said" 2>&1
HF_HUB_OFFLINE=1 HF_HOME="$folder/cache" "${RAVINE_PYTHON:-python3}" tests/table_readers/read.py "$folder"
