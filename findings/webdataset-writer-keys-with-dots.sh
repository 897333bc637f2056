#!/usr/bin/env bash
# webdataset writes samples whose keys have dots in their last part, and reads them back as fewer samples with other fields.
#
# Seen with webdataset 1.0.2: TarWriter and ShardWriter take keys such as `scan.1` and `scan.2` (a series and its number,
# a version, a decimal) without a warning and write `scan.1.png`, `scan.1.cls`, `scan.2.png`, ... The reader
# cuts names at their first dot, so that neighbors of one stem become one sample: of six samples two come back, with the fields
# `1.png`, `1.cls`, `2.png`, ... and without any `cls`. A loop over `sample["png"]` fails; one that takes what ends
# in `png`, or asks with a default, trains on a third of the pictures or without labels.
#
# Prints what is seen, and fails once that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check webdataset==1.0.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import warnings

import numpy
import webdataset
from PIL import Image

warnings.simplefilter("error")
warnings.simplefilter("ignore", ResourceWarning)
keys = [f"{stem}.{number}" for stem in ("scan", "slice") for number in (1, 2, 3)]
with webdataset.TarWriter("scans.tar") as sink:
    for label, key in enumerate(keys):
        png = io.BytesIO()
        Image.fromarray(numpy.full((4, 4), label, "uint8")).save(png, "PNG")
        sink.write({"__key__": key, "png": png.getvalue(), "cls": label})
read = list(webdataset.WebDataset("scans.tar", shardshuffle=False))
for sample in read:
    print(sample["__key__"], sorted(field for field in sample if not field.startswith("__")))
assert len(keys) == 6 and [sample["__key__"] for sample in read] == ["scan", "slice"]
assert all("cls" not in sample and "png" not in sample for sample in read)
assert all({"1.png", "2.png", "3.png", "1.cls"} <= set(sample) for sample in read)
print(f"{len(keys)} samples written, {len(read)} read, none with a field `cls`")
PYTHON
