"""Pictures as h5py writes them. Run: python hdf5.py FOLDER.

The value of picture n at row y, column x, channel c is v = (31 n + 7 y + 3 x + c) mod 251, as 8 bits; 257 v as 16 bits. Labels
are n mod 3.
"""
import pathlib, sys
import h5py, numpy as np

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)

def pictures(count, height, width, channels, first=0):
    n, y, x, c = np.ogrid[first:first + count, :height, :width, :channels]
    return ((31 * n + 7 * y + 3 * x + c) % 251).astype("uint8")

def labels(count, first=0):
    return (np.arange(first, first + count) % 3).astype("uint8")

def save(name, **sets):
    (out / name).parent.mkdir(exist_ok=True)
    with h5py.File(out / name, "w") as file:
        for name, (values, options) in sets.items():
            file.create_dataset(name, data=values, **options)

gzip = {"compression": "gzip", "chunks": True}
# As PatchCamelyon lies in its folder.
first = 0
for part, count in [("train", 9), ("valid", 4), ("test", 5)]:
    name = f"pcam/camelyonpatch_level_2_split_{part}"
    save(f"{name}_x.h5", x=(pictures(count, 12, 12, 3, first), gzip))
    save(f"{name}_y.h5", y=(labels(count, first).reshape(-1, 1, 1, 1), gzip))
    first += count
plain = {}
save("contiguous.h5", images=(pictures(7, 14, 12, 1)[..., 0], plain), labels=(labels(7).astype("int64"), plain))
shuffled = {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (4, 7, 6, 2)}
save("shuffled.h5",
     x_train=(pictures(9, 14, 12, 3), shuffled), y_train=(labels(9), plain),
     x_test=(pictures(4, 14, 12, 3, 9), shuffled), y_test=(labels(4, 9), plain))
save("big-endian.h5", data=((pictures(5, 8, 9, 3).astype("uint16") * 257).astype(">u2"), gzip), target=(labels(5).astype(">i4"), plain))
save("first.h5", images=(np.ascontiguousarray(np.moveaxis(pictures(5, 12, 13, 3), 3, 1)), {"compression": "lzf", "chunks": (2, 3, 12, 13)}),
     species=(labels(5), plain), labels=(labels(5) + 1, plain), names=([b"a", b"b", b"c", b"d", b"e"], plain))
save("groups.hdf5", **{"train/images": (pictures(6, 8, 8, 3), gzip), "train/labels": (labels(6), plain),
                       "test/images": (pictures(3, 8, 8, 3, 6), gzip), "test/labels": (labels(3, 6), plain)})
# More than fits into the smallest cache.
save("many.h5", images=(pictures(30, 128, 128, 3), {"compression": "gzip", "compression_opts": 9, "shuffle": True, "chunks": (8, 128, 128, 3)}))
