"""Stacks of pages as instruments write them, and the values that tifffile reads from each page.

Run: python stacks.py FOLDER, with numpy, tifffile and imagecodecs; FOLDER gets the files and values.json: for each file its
pages, each with its `shape` (height, width, channels) and `values` row by row. Smaller copies of a page are left out.
"""
import json, sys, pathlib
import numpy as np, tifffile

out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)
rng = np.random.default_rng(11)
stacks = {}

def note(name):
    with tifffile.TiffFile(out / name) as file:
        pages = [page.asarray() for page in file.pages if not page.is_reduced]
    pages = [page[..., None] if page.ndim == 2 else page for page in pages]
    stacks[name] = [{"shape": list(page.shape), "values": page.ravel().tolist()} for page in pages]

deep = rng.integers(0, 65536, (4, 6, 5)).astype("uint16")
tifffile.imwrite(out / "deep.tif", deep, photometric="minisblack", compression="zlib", predictor=2)
tifffile.imwrite(out / "big.tif", deep, photometric="minisblack", bigtiff=True)
tifffile.imwrite(out / "motorola.tif", deep[:2], photometric="minisblack", byteorder=">", rowsperstrip=2)
tifffile.imwrite(out / "big-motorola.tif", deep[2:], photometric="minisblack", byteorder=">", bigtiff=True, rowsperstrip=2, compression="lzw")
color = rng.integers(0, 256, (3, 20, 18, 3)).astype("uint8")
tifffile.imwrite(out / "color-tiles.tif", color, photometric="rgb", tile=(16, 16), compression="zlib")
bands = rng.integers(0, 65536, (2, 6, 5, 5)).astype("uint16")
tifffile.imwrite(out / "bands-planes.tif", bands.transpose(0, 3, 1, 2), photometric="minisblack", planarconfig="separate")
with tifffile.TiffWriter(out / "sizes-and-copies.tif") as file:
    file.write(color[0], photometric="rgb", compression="lzw")
    file.write(color[0][::2, ::2], photometric="rgb", subfiletype=1)
    file.write(deep[0], photometric="minisblack")
    file.write(rng.random((4, 3)).astype("float32"), photometric="minisblack")
for name in sorted(p.name for p in out.glob("*.tif")):
    note(name)
# tifffile gives planes as it finds them: channels first.
for page in stacks["bands-planes.tif"]:
    planes = np.array(page["values"]).reshape(page["shape"][:3])
    if planes.shape[0] == 5:
        planes = np.moveaxis(planes, 0, 2)
    page["shape"], page["values"] = list(planes.shape), planes.ravel().tolist()
json.dump({"about": f"tifffile {tifffile.__version__}", "stacks": stacks}, open(out / "values.json", "w"))
print({name: [page["shape"] for page in pages] for name, pages in stacks.items()})
