"""Files of embeddings."""

from __future__ import annotations

import csv
import json
import os
import pathlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ravine._safetensors import read_safetensors

if TYPE_CHECKING:
    import pandas
    import polars


@dataclass
class Embeddings:
    """N embeddings of D numbers, and what is known of each row."""

    values: np.ndarray[Any, Any]
    """(N, D), or (N, T, D) of tokens."""
    ids: list[str]
    """(N,), what a row is found by."""
    parts: list[str | None] = field(default_factory=list)
    """(N,), part of the data; empty where unknown."""
    labels: list[int | None] = field(default_factory=list)
    """(N,), number of the class; empty where unknown."""
    classes: list[str | None] = field(default_factory=list)
    """(N,), name of the class; empty where unknown."""
    columns: dict[str, list[str | None]] = field(default_factory=dict)
    """(N,) each, further columns by name."""

    def __len__(self) -> int:
        return len(self.values)

    def _table(self) -> dict[str, list[Any]]:
        known: dict[str, list[Any]] = {"id": self.ids, "part": self.parts, "label": self.labels, "class": self.classes}
        return {**{name: list(values) for name, values in known.items() if values}, **self.columns}

    def to_pandas(self) -> pandas.DataFrame:
        """A row an embedding; the column `embedding` holds arrays."""
        import pandas

        return pandas.DataFrame({**self._table(), "embedding": list(self.values)})

    def to_polars(self) -> polars.DataFrame:
        """The same in polars; the column `embedding` holds arrays of one length."""
        import polars

        return polars.DataFrame({**self._table(), "embedding": self.values})


def read_embeddings(path: str | os.PathLike[str]) -> Embeddings:
    """Read a file that `ravine embed` wrote: .parquet (needs pyarrow), .npy, .safetensors, .csv or .jsonl; or a folder of parts."""
    path = pathlib.Path(path)
    if path.is_dir():
        if not (path / "_SUCCESS").exists():
            raise ValueError(f"{path}: has no _SUCCESS: `ravine embed` was stopped; run it again with the same arguments to finish")
        return _parquet(*sorted(path.glob("part-*.parquet")))
    readers = {".parquet": _parquet, ".npy": _npy, ".safetensors": _safetensors, ".csv": _csv, ".jsonl": _jsonl}
    if path.suffix not in readers:
        raise ValueError(f"{path}: give a file that ends in {', '.join(readers)}")
    return readers[path.suffix](path)


def _parquet(*paths: pathlib.Path) -> Embeddings:
    from pyarrow import concat_tables, parquet

    table = concat_tables([parquet.read_table(path) for path in paths])
    column = table.column("embedding").combine_chunks()
    if hasattr(column, "storage"):
        column = column.storage
    width = json.loads((table.schema.metadata or {}).get(b"ravine", b"{}")).get("shape")
    values = column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)
    if width and len(width) > 1:
        values = values.reshape(len(table), *width)
    return _of({name: table.column(name).to_pylist() for name in table.column_names if name != "embedding"}, values)


def _npy(path: pathlib.Path) -> Embeddings:
    return _of(_beside(path), np.load(path))


def _safetensors(path: pathlib.Path) -> Embeddings:
    tensors, metadata = read_safetensors(path)
    if "ids_file" in metadata:
        return _of(_beside(path), tensors["embeddings"])
    columns: dict[str, list[Any]] = {"id": json.loads(metadata["ids"])}
    names = json.loads(metadata.get("classes", "[]"))
    if "parts" in metadata:
        columns["part"] = json.loads(metadata["parts"])
    if "labels" in tensors:
        columns["label"] = [int(label) if label >= 0 else None for label in tensors["labels"]]
        columns["class"] = [None if label is None else names[label] for label in columns["label"]]
    return _of(columns, tensors["embeddings"])


def _csv(path: pathlib.Path) -> Embeddings:
    columns = _columns(path)
    numbers = [name for name in columns if name[:1] == "e" and name[1:].isdigit()]
    rows = [columns.pop(name) for name in numbers]
    return _of(columns, np.array(rows, dtype=np.float32).T.copy())


def _jsonl(path: pathlib.Path) -> Embeddings:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    values = np.array([row.pop("embedding") for row in rows], dtype=np.float32)
    rows = [{**row, **row.pop("metadata", {})} for row in rows]
    names = dict.fromkeys(name for row in rows for name in row if name != "metadata")
    return _of({name: [row.get(name) for row in rows] for name in names}, values)


def _beside(path: pathlib.Path) -> dict[str, list[Any]]:
    return _columns(path.with_suffix(".labels.csv"))


def _columns(path: pathlib.Path) -> dict[str, list[Any]]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    cells = zip(*rows[1:]) if len(rows) > 1 else ((),) * len(rows[0])
    return {name: [cell or None for cell in column] for name, column in zip(rows[0], cells)}


def _of(columns: dict[str, list[Any]], values: np.ndarray[Any, Any]) -> Embeddings:
    def take(name: str) -> list[Any]:
        found = columns.pop(name, [])
        return found if any(cell is not None for cell in found) else []

    labels = [None if label is None else int(label) for label in take("label")]
    return Embeddings(values, take("id"), take("part"), labels, take("class"), columns)
