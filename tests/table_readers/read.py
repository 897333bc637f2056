"""Read what tests/table_readers.sh wrote, and compare all with the .npy file. Usage: read.py FOLDER"""

import os
import sys

import datasets
import duckdb
import faiss
import numpy as np
import pandas as pd
import polars as pl
from safetensors.numpy import load_file

os.chdir(sys.argv[1])
datasets.disable_progress_bars()
wanted = np.load("table.npy")


def same(name, found):
    found = np.asarray(found, dtype=np.float32)
    assert found.shape == wanted.shape, (name, found.shape, wanted.shape)
    assert np.array_equal(found, wanted), name
    print(f"{name}: {found.shape[0]} rows of {found.shape[1]} numbers")


def numbers(columns):
    return [name for name in columns if name[0] == "e" and name[1:].isdigit()]


same("safetensors", load_file("table.safetensors")["embeddings"])
same("pandas, parquet", np.stack(pd.read_parquet("table.parquet").embedding))
same("pandas, parts", np.stack(pd.read_parquet("parts").embedding))
same("polars, parquet", pl.read_parquet("table.parquet")["embedding"].to_numpy())
same("polars, parts", pl.read_parquet("parts/*.parquet")["embedding"].to_numpy())
for source in ("table.parquet", "parts/*.parquet"):
    rows = duckdb.sql(f"select embedding from '{source}'").fetchall()
    same(f"duckdb, {source}", [row[0] for row in rows])
table = pd.read_csv("table.csv")
same("pandas, csv", table[numbers(table.columns)])
table = pl.read_csv("table.csv")
same("polars, csv", table[numbers(table.columns)].to_numpy())
same("pandas, jsonl", pd.read_json("table.jsonl", lines=True).embedding.tolist())
same("duckdb, jsonl", [row[0] for row in duckdb.sql("select embedding from 'table.jsonl'").fetchall()])
for kind, source in (("parquet", "table.parquet"), ("parquet", "parts/*.parquet"), ("json", "table.jsonl")):
    table = datasets.load_dataset(kind, data_files=source, split="train")
    same(f"datasets, {source}", table["embedding"][:])
unit = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
index = faiss.IndexFlatIP(unit.shape[1])
index.add(unit)
nearest, _ = index.search(unit, 1)
assert np.allclose(nearest, 1, atol=1e-5)
print(f"faiss: {index.ntotal} rows")
