"""Small pictures in the kinds of files that instruments write, and the values that each program reads from them.

Run: python pictures.py FOLDER, with numpy, pillow, tifffile, imagecodecs and rasterio; FOLDER gets the files and
values.json: for each file its `shape` (height, width, channels), the `values` row by row, channels interleaved, and who
read them (`by`). Where programs differ, `by` is the one that is followed, and `note` says what others do.
"""
import json, sys, pathlib, warnings
import numpy as np, PIL, tifffile, imagecodecs, rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

warnings.simplefilter("ignore", NotGeoreferencedWarning)
out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)
rng = np.random.default_rng(7)
H, W = 5, 7
cases = {}

def note(name, values, by, note=None):
    values = np.asarray(values)
    if values.ndim == 2:
        values = values[..., None]
    case = {"shape": list(values.shape), "values": values.ravel().tolist(), "by": by}
    if note:
        case["note"] = note
    cases[name] = case

def rand(dtype, *shape):
    top = {"uint8": 256, "uint16": 65536}.get(dtype)
    if top:
        return rng.integers(0, top, shape).astype(dtype)
    return rng.random(shape).astype(dtype)

# Any number of channels, interleaved and in planes, of 8 and 16 bits and in floating point; also compressed.
for bands, dtype in [(13, "uint16"), (4, "uint8"), (2, "uint16"), (5, "uint8"), (6, "float32")]:
    values = rand(dtype, H, W, bands)
    for config in ["contig", "separate"]:
        for compression, predictor in [(None, None), ("zlib", 2 if dtype != "float32" else 3), ("lzw", 2 if dtype != "float32" else None)]:
            if config == "separate" and compression == "lzw":
                continue
            name = f"{bands}x{dtype}-{config}-{compression or 'plain'}.tif"
            data = values if config == "contig" else np.moveaxis(values, 2, 0)
            tifffile.imwrite(out / name, data, photometric="minisblack", planarconfig=config,
                             compression=compression, predictor=predictor)
            read = tifffile.imread(out / name)
            note(name, read if config == "contig" else np.moveaxis(read, 0, 2), "tifffile")

# As GDAL writes them: of three bands and more of 8 bits the first three are called red, green and blue.
for bands, dtype, more in [(13, "uint16", {}), (5, "uint8", {"photometric": "RGB"}), (4, "uint16", {"photometric": "RGB"}), (13, "uint16", {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate", "interleave": "pixel"})]:
    name = f"gdal-{bands}x{dtype}-{'-'.join(map(str, more.values())).lower() or 'plain'}.tif"
    values = rand(dtype, bands, H, W)
    with rasterio.open(out / name, "w", driver="GTiff", width=W, height=H, count=bands, dtype=dtype, **more) as file:
        file.write(values)
    with rasterio.open(out / name) as file:
        note(name, np.moveaxis(file.read(), 0, 2), "rasterio")

# Grey of few bits, in floating point, with opacity; colours of a palette.
grey = rand("float32", H, W)
tifffile.imwrite(out / "grey-float.tif", grey, photometric="minisblack")
note("grey-float.tif", tifffile.imread(out / "grey-float.tif"), "tifffile")
deep = rand("uint16", H, W)
tifffile.imwrite(out / "grey-16-big-endian.tif", deep, photometric="minisblack", byteorder=">")
note("grey-16-big-endian.tif", tifffile.imread(out / "grey-16-big-endian.tif"), "tifffile")
tifffile.imwrite(out / "grey-16-bigtiff.tif", deep, photometric="minisblack", bigtiff=True)
note("grey-16-bigtiff.tif", tifffile.imread(out / "grey-16-bigtiff.tif"), "tifffile")
half = grey.astype("float16")
tifffile.imwrite(out / "grey-half.tif", half, photometric="minisblack")
tifffile.imwrite(out / "grey-double.tif", grey.astype("float64"), photometric="minisblack")
note("grey-double.tif", tifffile.imread(out / "grey-double.tif").astype("float32"), "tifffile")
note("grey-half.tif", tifffile.imread(out / "grey-half.tif").astype("float32"), "tifffile")
Image.fromarray(rand("uint8", H, W)).quantize(11).save(out / "grey-palette.png")
note("grey-palette.png", np.asarray(Image.open(out / "grey-palette.png").convert("RGB")), "Pillow")
color = Image.fromarray(rand("uint8", H, W, 3))
for colors, name in [(9, "palette.tif"), (9, "palette.png"), (9, "palette.gif"), (9, "palette.bmp")]:
    color.quantize(colors).save(out / name)
    note(name, np.asarray(Image.open(out / name).convert("RGB")), "Pillow")
alpha = Image.fromarray(rand("uint8", H, W, 2), "LA")
for name in ["grey-alpha.tif", "grey-alpha.png"]:
    alpha.save(out / name)
    note(name, np.asarray(Image.open(out / name))[..., 0], "Pillow", "opacity is dropped: convert('L') of Pillow does the same")
for name in ["cmyk.jpg", "cmyk.tif"]:
    color.convert("CMYK").save(out / name)
    note(name, np.asarray(Image.open(out / name).convert("RGB")), "Pillow")
bits = Image.fromarray((rand("uint8", H, W) > 128))
for name in ["one-bit.tif", "one-bit.png", "one-bit.bmp", "one-bit.pbm"]:
    bits.save(out / name)
    note(name, np.asarray(Image.open(out / name).convert("L")), "Pillow")
for depth in [2, 4]:
    values = (rand("uint8", H, W) % (1 << depth)).astype("uint8")
    name = f"grey-{depth}-bit.tif"
    tifffile.imwrite(out / name, values, bitspersample=depth, photometric="minisblack")
    note(name, tifffile.imread(out / name) * (255 // ((1 << depth) - 1)), "tifffile",
         "stretched to 8 bits, as Pillow reads them; tifffile gives the small numbers themselves")

# 16 bits of colour, and their opacity.
import struct, zlib
def png(name, values):
    height, width, channels = values.shape
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    (out / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
    read = imagecodecs.png_decode((out / name).read_bytes())
    read = read[..., None] if read.ndim == 2 else read
    note(name, read[..., : channels if channels in (1, 3) else channels - 1], "imagecodecs", "Pillow makes 8 bits of 16-bit colour")
for channels in [1, 2, 3, 4]:
    png(f"{channels}x16-bit.png", rand("uint16", H, W, channels))
tifffile.imwrite(out / "rgb-16.tif", rand("uint16", H, W, 3), photometric="rgb")
note("rgb-16.tif", tifffile.imread(out / "rgb-16.tif"), "tifffile", "Pillow 13 gives the high byte")
tifffile.imwrite(out / "rgb-float.tif", rand("float32", H, W, 3), photometric="rgb")
note("rgb-float.tif", tifffile.imread(out / "rgb-float.tif"), "tifffile", "Pillow 13 does not read it")

made = {"numpy": np.__version__, "pillow": PIL.__version__, "tifffile": tifffile.__version__, "rasterio": rasterio.__version__, "imagecodecs": imagecodecs.__version__}
text = json.dumps({"made_with": made, "files": cases}, separators=(",", ":"))
(out / "values.json").write_text(text + "\n")
print(len(cases), sum(f.stat().st_size for f in out.iterdir()))
