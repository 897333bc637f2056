#!/usr/bin/env bash
# The wheel: built, installed into a clean environment, its first command run, its Python module used.
#
#   tests/wheel.sh [WHEEL]
#
# Needs Python 3.11 with venv (RAVINE_PYTHON, or python3) and PyPI; without a WHEEL, builds one in release mode.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${RAVINE_PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ $# -gt 0 ]; then
    wheel=$1
else
    "$python" -m pip wheel . --no-deps --wheel-dir "$folder/wheel"
    wheel=$(echo "$folder"/wheel/*.whl)
fi
size=$(stat -c %s "$wheel")
echo "$(basename "$wheel"): $((size / 1000000)) MB"
[ "$size" -le 30000000 ]

"$python" -m venv "$folder/clean"
"$folder/clean/bin/pip" install --quiet "$wheel[pandas,polars]" mypy
wheel_tests=$PWD/tests/wheel
cd "$folder"
PATH=$folder/clean/bin:/usr/bin:/bin
ravine --version
ravine pretrain --set train.epochs=5
python -m ravine runs
python "$wheel_tests/module.py"
mypy --strict "$wheel_tests/module.py"
