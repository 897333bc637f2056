"""Small DICOM files of the kinds that instruments write, and the values that pydicom reads from them.

Run: python dicom.py FOLDER, with numpy, pydicom, pylibjpeg (with its libjpeg and openjpeg) and imagecodecs (to compress); FOLDER gets
the files and values.json: for each file its `shape` (height, width, channels), and the `values` between 0 and 1 row by
row, channels interleaved: what pydicom's apply_modality_lut and apply_voi_lut give, the window drawn out to 0..1 and
MONOCHROME1 inverted; without a window the whole range of the bits that are stored. `measured` has what apply_modality_lut
gives, where no window is set, and `by` says who read them.
"""
import json, pathlib, sys
import imagecodecs, numpy as np, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space
from pydicom.uid import (ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless,
                         JPEGBaseline8Bit, JPEGLosslessSV1, RLELossless)

out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)
rng = np.random.default_rng(11)
H, W = 12, 16
UID = "1.2.826.0.1.3680043.8.498."
cases = {}

def picture(bits, signed=False, samples=1, h=H, w=W):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values = rng.integers(low, high + 1, (h, w) if samples == 1 else (h, w, samples))
    values.flat[:2] = low, high
    kind = ("i" if signed else "u") + ("1" if bits <= 8 else "2" if bits <= 16 else "4")
    return values.astype(kind)

def save(name, pixels, bits, colors="MONOCHROME2", syntax=ExplicitVRLittleEndian, packed=None, frames=1, **more):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = UID + "1"
    meta.TransferSyntaxUID = syntax
    file = Dataset()
    file.file_meta = meta
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    shape = pixels.shape[1:] if frames > 1 else pixels.shape
    file.Rows, file.Columns = shape[:2]
    file.SamplesPerPixel = shape[2] if len(shape) > 2 else 1
    file.PhotometricInterpretation = colors
    file.BitsAllocated = 8 * pixels.dtype.itemsize
    file.BitsStored, file.HighBit = bits, bits - 1
    file.PixelRepresentation = int(pixels.dtype.kind == "i")
    if file.SamplesPerPixel > 1:
        file.PlanarConfiguration = 0
    if frames > 1:
        file.NumberOfFrames = frames
    for key, value in more.items():
        setattr(file, key, value)
    big = syntax == ExplicitVRBigEndian
    if packed is not None:
        file.PixelData = encapsulate([packed])
    elif more.get("PlanarConfiguration") == 1:
        file.PixelData = np.moveaxis(pixels, 2, 0).tobytes()
    else:
        file.PixelData = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    if len(file.PixelData) % 2:
        file.PixelData += b"\0"
    file["PixelData"].VR = "OB" if packed is not None or file.BitsAllocated <= 8 else "OW"
    if syntax == RLELossless:
        file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file.compress(RLELossless, generate_instance_uid=False)
    file.save_as(out / name, enforce_file_format=True)
    note(name)

def note(name):
    file = pydicom.dcmread(out / name)
    stored = file.pixel_array
    if getattr(file, "NumberOfFrames", 1) > 1:
        stored = stored[0]
    colors, bits = file.PhotometricInterpretation, file.BitsStored
    case = {}
    if colors.startswith("MONOCHROME"):
        measured = apply_modality_lut(stored, file).astype("float64")
        if "WindowCenter" in file or "VOILUTSequence" in file:
            shown = apply_voi_lut(apply_modality_lut(stored, file), file).astype("float64")
            if "VOILUTSequence" in file:
                low, high = 0, (1 << file.VOILUTSequence[0].LUTDescriptor[2]) - 1
            else:
                low, high = ends(file)
        else:
            shown = measured
            low, high = ends(file)
            if bits != 8 or file.PixelRepresentation:
                case["measured"] = measured.ravel().tolist()
        values = (shown - low) / (high - low)
        if colors == "MONOCHROME1":
            values = 1 - values
    elif colors == "PALETTE COLOR":
        values = apply_color_lut(stored, file)
        values = values / np.iinfo(values.dtype).max
    else:
        values = stored / ((1 << bits) - 1)
    values = np.asarray(values, dtype="float64")
    if values.ndim == 2:
        values = values[..., None]
    cases[name] = {"shape": list(values.shape), "values": [round(v, 7) for v in values.ravel().tolist()], "by": "pydicom"} | case

def ends(file):
    """The ends of what may be stored, as they are measured."""
    bits = file.BitsStored
    ends = np.array([-(1 << bits - 1), (1 << bits - 1) - 1] if file.PixelRepresentation else [0, (1 << bits) - 1])
    if "ModalityLUTSequence" in file:
        return 0, (1 << file.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    ends = ends * float(getattr(file, "RescaleSlope", 1)) + float(getattr(file, "RescaleIntercept", 0))
    return ends.min(), ends.max()

def table(first, bits, values):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(values), first, bits])
    item.add_new("LUTData", "OW", np.asarray(values, dtype="<u2").tobytes())
    return pydicom.Sequence([item])

scale = {"RescaleSlope": "1.0", "RescaleIntercept": "-1024.0"}
save("ct-12-bit.dcm", picture(12), 12, **scale, WindowCenter="40", WindowWidth="400")
save("ct-implicit.dcm", picture(12), 12, syntax=ImplicitVRLittleEndian, **scale, WindowCenter=["40", "600"], WindowWidth=["400", "2800"])
save("ct-signed.dcm", picture(12, signed=True), 12, RescaleSlope="2.5", RescaleIntercept="-10.0", WindowCenter="-600.5", WindowWidth="1500")
save("big-endian.dcm", picture(16), 16, syntax=ExplicitVRBigEndian, WindowCenter="30000", WindowWidth="50000")
save("exact.dcm", picture(10), 10, WindowCenter="500", WindowWidth="300", VOILUTFunction="LINEAR_EXACT")
save("sigmoid.dcm", picture(10), 10, WindowCenter="500", WindowWidth="300", VOILUTFunction="SIGMOID")
save("narrowest.dcm", picture(10), 10, WindowCenter="500", WindowWidth="1")
save("table-shown.dcm", picture(8), 8, VOILUTSequence=table(20, 12, np.sort(rng.integers(0, 4096, 200))))
save("table-measured.dcm", picture(8), 8, ModalityLUTSequence=table(0, 16, rng.integers(0, 65536, 256)))
save("mono1-window.dcm", picture(12), 12, colors="MONOCHROME1", WindowCenter="2047", WindowWidth="3000")
save("mono1-8-bit.dcm", picture(8), 8, colors="MONOCHROME1")
save("mono1-12-bit.dcm", picture(12), 12, colors="MONOCHROME1")
save("grey-8-bit.dcm", picture(8), 8)
save("grey-12-bit.dcm", picture(12), 12)
save("grey-16-bit.dcm", picture(16), 16, syntax=ImplicitVRLittleEndian)
save("grey-signed.dcm", picture(12, signed=True), 12)
save("grey-rescaled.dcm", picture(12), 12, RescaleSlope="-0.5", RescaleIntercept="100")
save("grey-32-bit.dcm", picture(20).astype("u4"), 20)
save("grey-32-bit-big-endian.dcm", picture(20).astype("u4"), 20, syntax=ExplicitVRBigEndian)
save("frames.dcm", np.stack([picture(8), picture(8)]), 8, frames=2)
save("rgb.dcm", picture(8, samples=3), 8, colors="RGB")
save("rgb-planes.dcm", picture(8, samples=3), 8, colors="RGB", PlanarConfiguration=1)
save("rgb-16-bit.dcm", picture(16, samples=3), 16, colors="RGB")
save("video.dcm", picture(8, samples=3), 8, colors="YBR_FULL")
save("odd-without-extension", picture(8, h=5, w=7), 8)
palette = {}
for color in ["Red", "Green", "Blue"]:
    palette[f"{color}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
    palette[f"{color}PaletteColorLookupTableData"] = rng.integers(0, 65536, 256).astype("<u2").tobytes()
save("palette.dcm", picture(8), 8, colors="PALETTE COLOR", **palette)

# Compressed.
save("rle-grey-16-bit.dcm", picture(16), 16, syntax=RLELossless)
save("rle-rgb.dcm", picture(8, samples=3), 8, colors="RGB", syntax=RLELossless)
save("rle-video.dcm", picture(8, samples=3), 8, colors="YBR_FULL", syntax=RLELossless)
smooth = np.add.outer(np.arange(H) * 9, np.arange(W) * 7).astype("u1")
save("jpeg-grey.dcm", smooth, 8, syntax=JPEGBaseline8Bit, packed=imagecodecs.jpeg8_encode(smooth, 95))
colored = np.stack([smooth, smooth[::-1], 255 - smooth], axis=2)
save("jpeg-rgb.dcm", colored, 8, colors="RGB", syntax=JPEGBaseline8Bit,
     packed=imagecodecs.jpeg8_encode(colored, 95, colorspace="rgb", outcolorspace="rgb"))
with_adobe = imagecodecs.jpeg8_encode(colored, 95, colorspace="rgb", outcolorspace="rgb")
marker = with_adobe.find(b"\xff\xee")
save("jpeg-rgb-bare.dcm", colored, 8, colors="RGB", syntax=JPEGBaseline8Bit, packed=with_adobe[:marker] + with_adobe[marker + 16:])
save("jpeg-video.dcm", colored, 8, colors="YBR_FULL_422", syntax=JPEGBaseline8Bit, packed=imagecodecs.jpeg8_encode(colored, 95))
deep = picture(12)
save("jpeg-lossless.dcm", deep, 12, syntax=JPEGLosslessSV1, packed=imagecodecs.ljpeg_encode(deep, bitspersample=12), **scale, WindowCenter="40", WindowWidth="400")
save("jpeg2000.dcm", deep, 12, syntax=JPEG2000Lossless, packed=imagecodecs.jpeg2k_encode(deep, codecformat="j2k", reversible=True, bitspersample=12))
signed = picture(16, signed=True)
save("jpeg2000-signed.dcm", signed, 16, syntax=JPEG2000Lossless, packed=imagecodecs.jpeg2k_encode(signed, codecformat="j2k", reversible=True), WindowCenter="0", WindowWidth="40000")
save("jpeg2000-mismatch.dcm", picture(12), 12, syntax=JPEG2000Lossless, packed=imagecodecs.jpeg2k_encode(picture(12, signed=True), codecformat="j2k", reversible=True, bitspersample=12))
save("jpeg2000-rgb.dcm", colored, 8, colors="YBR_RCT", syntax=JPEG2000Lossless, packed=imagecodecs.jpeg2k_encode(colored, codecformat="j2k", reversible=True, mct=True))

made = {"numpy": np.__version__, "pydicom": pydicom.__version__, "imagecodecs": imagecodecs.__version__}
text = json.dumps({"made_with": made, "files": cases}, separators=(",", ":"))
(out / "values.json").write_text(text + "\n")
print(len(cases), sum(f.stat().st_size for f in out.iterdir()))
