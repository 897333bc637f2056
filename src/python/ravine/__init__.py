"""Runs and embeddings of ravine in NumPy, pandas and polars, and its commands as functions.

    import ravine

    run = ravine.pretrain(data="photos/", budget="10m")
    print(run.card["verdict"], run.metrics()["train/loss"][-1])
    table = ravine.embed(run, out="photos.parquet")
    table.values  # (N, D), float32

Nothing here computes: the binary does, and this reads what it writes.
"""

from ravine._command import CommandError, binary, call
from ravine._commands import embed, pretrain, probe, train
from ravine._embeddings import Embeddings, read_embeddings
from ravine._runs import Run, runs

__all__ = [
    "CommandError",
    "Embeddings",
    "Run",
    "binary",
    "call",
    "embed",
    "pretrain",
    "probe",
    "read_embeddings",
    "runs",
    "train",
]
