#!/usr/bin/env bash
# Pillow reads a TIFF of three 16-bit channels as 8 bits without a word, and a grey one of 16 bits in full.
#
# Seen with Pillow 13.0.0 (files written by tifffile 2026.3.3): an RGB TIFF of uint16 opens with mode RGB and dtype
# uint8; each value is the high byte of the stored one. Nothing is raised or warned. Values of a 12-bit camera, 0 to 4095,
# keep 16 of their 4,096 levels. The same values as a single grey channel open with mode I;16 and are all kept, so that a
# loader built on Image.open gives grey scans their depth and colour scans a sixteenth of it.
#
# Prints what is seen, and fails once that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PYTHON'
import numpy
import tifffile
from PIL import Image

grey = numpy.arange(4096, dtype=numpy.uint16).reshape(64, 64)
colour = numpy.stack([grey, grey[::-1], grey.T], axis=-1)
tifffile.imwrite("grey.tif", grey)
tifffile.imwrite("colour.tif", colour, photometric="rgb")
assert numpy.array_equal(tifffile.imread("colour.tif"), colour)

with Image.open("grey.tif") as image:
    read = numpy.asarray(image)
    print("grey:  ", image.mode, read.dtype, len(numpy.unique(read)), "levels of", len(numpy.unique(grey)))
    assert image.mode == "I;16" and numpy.array_equal(read, grey)
with Image.open("colour.tif") as image:
    read = numpy.asarray(image)
    print("colour:", image.mode, read.dtype, len(numpy.unique(read)), "levels of", len(numpy.unique(colour)))
    assert image.mode == "RGB" and read.dtype == numpy.uint8
    assert numpy.array_equal(read, (colour >> 8).astype(numpy.uint8))
PYTHON
