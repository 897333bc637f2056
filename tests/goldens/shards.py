"""Small sets written and read by webdataset and by datasets of Hugging Face, and what each of them reads.

Run: python shards.py FOLDER, with numpy, pillow, webdataset and datasets; FOLDER gets the files and values.json: for each
set its pictures in order, each with its `key` (webdataset), `label`, `tags` (names), `shape` and `values` row by row.
"""
import io, json, sys, pathlib
import numpy as np, PIL, webdataset, datasets
from PIL import Image

out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)
rng = np.random.default_rng(5)
pictures = rng.integers(0, 256, (6, 5, 4, 3)).astype("uint8")
classes = ["ant", "bee", "cow"]
sets = {}

def case(values, **more):
    values = np.asarray(values)
    return {"shape": list(values.shape), "values": values.ravel().tolist(), **more}

# Two shards of three samples; keys with folders, one field with capitals, and a key with a dot, of which the rest is read as a part
# of the names of its fields.
keys = ["a/000", "a/001", "b/000", "b/x.1", "c/1", "c/2"]
with webdataset.ShardWriter(str(out / "train-%06d.tar"), maxcount=3, verbose=0) as sink:
    for number, key in enumerate(keys):
        png = io.BytesIO(); Image.fromarray(pictures[number]).save(png, "PNG")
        name = "PNG" if number == 2 else "png"
        sink.write({"__key__": key, name: png.getvalue(), "cls": number % 3, "json": {"site": f"s{number % 2}"}})
read = webdataset.WebDataset([str(out / f"train-{i:06}.tar") for i in range(2)], shardshuffle=False).decode("rgb8")
def picture(sample):
    return next(value for field, value in sample.items() if field.endswith("png"))
def label(sample):
    return str(sample["cls"]) if "cls" in sample else None
sets["train-{000000..000001}.tar"] = [case(picture(s), key=s["__key__"], label=label(s)) for s in read]

# One label, and several.
def table(name, label, labels):
    features = datasets.Features({"image": datasets.Image(), "label": label})
    images = [Image.fromarray(p) for p in pictures]
    datasets.Dataset.from_dict({"image": images, "label": labels}, features=features).to_parquet(out / name)
    return datasets.load_dataset("parquet", data_files=str(out / name), split="train", cache_dir=str(out / "cache"))
one = datasets.ClassLabel(names=classes)
rows = table("one.parquet", one, [2, 0, 1, 1, None, 0])
name = lambda label: None if label is None else one.int2str(label)
sets["one.parquet"] = [case(row["image"].convert("RGB"), label=name(row["label"])) for row in rows]
rows = table("several.parquet", datasets.List(one), [[0, 2], [], [1], None, [2, 1, 0], [1]])
sets["several.parquet"] = [case(row["image"].convert("RGB"), tags=row["label"] and sorted(map(name, row["label"])) ) for row in rows]
about = {"webdataset": webdataset.__version__, "datasets": datasets.__version__, "pillow": PIL.__version__}
json.dump({"about": about, "sets": sets}, open(out / "values.json", "w"))
for key, cases in sets.items():
    print(key, [(c.get("key"), c.get("label"), c.get("tags"), c["shape"]) for c in cases])
