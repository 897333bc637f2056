#!/usr/bin/env bash
# Reports and maps in a browser without a window: no error, no request, slider, pointing, keyboard and overlay work;
# screenshots in light and dark, wide and narrow, are left to be looked at.
#
#   tests/report_in_chromium.sh [FOLDER]
#
# Needs chromium (Debian: chromium; or CHROMIUM=path), node and npm, which fetches playwright-core below target/. FOLDER keeps
# runs and screenshots; target/report when left out. RAVINE names a built binary to use.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in "${CHROMIUM:-chromium}" node npm; do
  command -v "$program" >/dev/null || { echo "skipped: there is no $program"; exit 0; }
done
target=${CARGO_TARGET_DIR:-$PWD/target}
out=${1:-$target/report}
mkdir -p "$out"
if [ -z "${RAVINE:-}" ]; then
  cargo build --quiet
  RAVINE=$target/debug/ravine
fi

[ -d "$out/first" ] || "$RAVINE" pretrain digits --out "$out/first" --set train.epochs=8 --set probe.every=0.5
[ -d "$out/second" ] || "$RAVINE" pretrain digits --out "$out/second" --set train.epochs=6 --set optimizer.lr=0.001
[ -d "$out/collapsed" ] || "$RAVINE" pretrain lab/collapse-no-repulsion --out "$out/collapsed" --set train.epochs=4
"$RAVINE" report "$out/first"
"$RAVINE" report "$out/first" "$out/second" "$out/collapsed" --images 1500 --out "$out/several.html"

# A run whose names are as bad as names can be.
hostile="$out/<img src=x onerror=alert(1)>"
rm -rf "$hostile"
cp -r "$out/first" "$hostile"
node - "$hostile/card.json" <<'JS'
const fs = require("fs");
const card = JSON.parse(fs.readFileSync(process.argv[2]));
card.why = "</script><script>document.title = 'taken over'</script>";
card.knn.per_class[0].class = "<svg onload=alert(3)>";
fs.writeFileSync(process.argv[2], JSON.stringify(card));
JS
"$RAVINE" report "$hostile" --images 100 --out "$out/hostile.html"

# A run that goes on.
rm -rf "$out/live"
cp -r "$out/first" "$out/live"
rm "$out/live/card.json"

# 200,000 points.
node - "$out/many.npy" <<'JS'
const fs = require("fs");
const rows = 200000, width = 8;
const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`.padEnd(117) + "\n";
const values = new Float32Array(rows * width);
let state = 1;
const draw = () => { state = (state * 48271) % 2147483647; return state / 2147483647 - 0.5; };
for (let i = 0; i < values.length; i += 1) values[i] = draw() + (i % width === Math.floor(i / width) % width ? 1.5 : 0);
fs.writeFileSync(process.argv[2], Buffer.concat([Buffer.from("\x93NUMPY\x01\x00v\x00", "latin1"), Buffer.from(head), Buffer.from(values.buffer)]));
JS
"$RAVINE" map "$out/many.npy" --kind pca --out "$out/many"

modules="$target/report-modules"
mkdir -p "$modules"
[ -d "$modules/node_modules/playwright-core" ] || npm install --silent --prefix "$modules" playwright-core
cp tests/report/page.mjs "$modules/page.mjs"
RAVINE=$RAVINE node "$modules/page.mjs" "$(command -v "${CHROMIUM:-chromium}")" "$out"
