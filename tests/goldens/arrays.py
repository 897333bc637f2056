"""Stacks of pictures as NumPy writes them. Run: python arrays.py FOLDER.

The value of picture n at row y, column x, channel c is v = (31 n + 7 y + 3 x + c) mod 251, as 8 bits; 257 v as 16 bits; v / 250
as a floating-point number. Labels are n mod 3.
"""
import pathlib, sys
import numpy as np

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)

def pictures(count, height, width, channels, first=0):
    n, y, x, c = np.ogrid[first:first + count, :height, :width, :channels]
    return ((31 * n + 7 * y + 3 * x + c) % 251).astype("uint8")

def labels(count, first=0):
    return (np.arange(first, first + count) % 3).astype("uint8")

# As MedMNIST stores its sets: parts side by side, labels as a column.
np.savez_compressed(out / "medmnist.npz",
    train_images=pictures(12, 14, 14, 3), train_labels=labels(12)[:, None],
    val_images=pictures(4, 14, 14, 3, 12), val_labels=labels(4, 12)[:, None],
    test_images=pictures(5, 14, 14, 3, 16), test_labels=labels(5, 16)[:, None])
# As Keras stores MNIST: grey, not compressed.
np.savez(out / "keras.npz",
    x_train=pictures(9, 14, 12, 1)[..., 0], y_train=labels(9).astype("int64"),
    x_test=pictures(4, 14, 12, 1, 9)[..., 0], y_test=labels(4, 9).astype("int64"))
# Bands of a satellite, last and second; numbers in both byte orders.
bands = pictures(4, 16, 15, 13).astype("uint16") * 257
np.save(out / "bands-last.npy", bands)
np.save(out / "bands-second.npy", np.ascontiguousarray(np.moveaxis(bands, 3, 1)).astype(">u2"))
np.savez_compressed(out / "float.npz", images=(pictures(3, 8, 8, 2) / np.float32(250)), labels=np.array([0, -1, 2]))
np.save(out / "truth.npy", pictures(3, 8, 9, 1)[..., 0] > 100)
# Several labels a picture, and pictures beside their masks.
np.savez_compressed(out / "several.npz", images=pictures(3, 8, 8, 1)[..., 0], masks=pictures(3, 8, 8, 1)[..., 0] > 9, labels=np.ones((3, 14), "uint8"), names=np.array(["left", "none"]))
np.save(out / "fortran.npy", np.asfortranarray(bands))
# One picture a file, in folders of classes.
for n, tile in enumerate(bands):
    folder = out / "tiles" / "ab"[n % 2]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{n}.npy", tile)
