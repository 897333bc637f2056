"""The Python module on a small run: what it reads equals what the binary says."""

import pathlib

import numpy as np

import ravine

run = ravine.pretrain(out="small", echo=False, sets={"train.epochs": 2, "train.batch": 128, "probe.every": 0.5})
assert run.card["steps"] == 20 and run.config["train"]["epochs"] == 2
metrics = run.metrics()
assert metrics["step"].tolist() == list(range(21)) and np.isfinite(metrics["train/loss"][1:]).all()
assert np.isfinite(metrics["probe/knn"][[-1]]).all()
frame = run.metrics("pandas").set_index("step")
assert frame.loc[20, "train/loss"] == metrics["train/loss"][-1]
assert run.metrics("polars").height == 21
assert run.checkpoints[-1] == "step-000020"
weights = run.weights()
assert sum(w.size for name, w in weights.items() if name.startswith("encoder.")) >= run.card["parameters"]

first = None
for kind in ["parquet", "npy", "safetensors", "csv", "jsonl"]:
    table = ravine.embed(run, out=f"digits.{kind}")
    first = first or table
    assert table.ids == first.ids and table.parts == first.parts, kind
    assert table.labels == first.labels and table.classes == first.classes, kind
    assert table.values.shape == (1797, first.values.shape[1]) and np.allclose(table.values, first.values), kind
assert first is not None
parts = ravine.embed(run, out="digits-parts", shard_rows=700)
assert parts.ids == first.ids and parts.classes == first.classes and np.array_equal(parts.values, first.values)
assert first.to_pandas().shape[0] == first.to_polars().height == 1797

found = ravine.probe(run, kind="knn")
assert found["accuracy"]["pretrained"] == run.card["knn"]["accuracy"]["pretrained"]
alike = ravine.call("compare-embeddings", "digits.parquet", "digits.npy", k=5)
assert abs(alike["cka"] - 1) < 1e-9
assert [pathlib.Path(listed["run"]).name for listed in ravine.runs(".")] == ["simclr-digits", "small"]
try:
    ravine.pretrain("simcrl")
except ravine.CommandError as error:
    assert error.code == 2 and "simclr" in str(error), error
else:
    raise AssertionError("a preset that is none")
print(f"{len(first)} rows of {first.values.shape[1]} numbers read from five formats, {len(metrics)} columns of metrics")
