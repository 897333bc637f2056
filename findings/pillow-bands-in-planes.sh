#!/usr/bin/env bash
# Pillow opens a TIFF of several bands in planes as its first band, if the planes are compressed, and refuses it if not.
#
# Seen with Pillow 13.0.0 (files written by tifffile 2026.3.3): a picture of five bands of 8 bits, stored plane after plane
# (PlanarConfiguration 2, GDAL's INTERLEAVE=BAND) with deflate, opens with mode L as one page; what is read
# is band 1, and the other four are gone without an error or a warning. The same bands without compression raise
# UnidentifiedImageError, and so do interleaved ones, compressed or not. A set of tiles that was compressed to save room
# therefore trains on one band of it.
#
# Prints what is seen, and fails once that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PYTHON'
import numpy
import tifffile
from PIL import Image, UnidentifiedImageError

bands = numpy.random.default_rng(0).integers(0, 256, (5, 24, 32), dtype=numpy.uint8)
pixels = numpy.ascontiguousarray(numpy.moveaxis(bands, 0, 2))
layouts = {
    "planes, deflate": (bands, "separate", "zlib"),
    "planes, plain": (bands, "separate", None),
    "pixels, deflate": (pixels, "contig", "zlib"),
    "pixels, plain": (pixels, "contig", None),
}
for name, (values, planar, compression) in layouts.items():
    tifffile.imwrite("bands.tif", values, photometric="minisblack", planarconfig=planar, compression=compression)
    with tifffile.TiffFile("bands.tif") as file:
        assert len(file.pages) == 1 and file.pages[0].samplesperpixel == 5
    assert numpy.array_equal(tifffile.imread("bands.tif"), values)
    try:
        with Image.open("bands.tif") as image:
            read = numpy.asarray(image)
            print(f"{name}: mode {image.mode}, shape {read.shape}")
            assert name == "planes, deflate" and image.n_frames == 1
            assert image.mode == "L" and numpy.array_equal(read, bands[0])
    except UnidentifiedImageError:
        print(f"{name}: refused")
        assert name != "planes, deflate"
PYTHON
