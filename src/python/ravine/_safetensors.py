"""Files of safetensors in NumPy, without a package for them."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str]]:
    """The tensors of a file by name, and its metadata. Numbers of bfloat16 become float32."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > os.path.getsize(path):
            raise ValueError(f"{path} is no safetensors file, or cut short")
        header = json.loads(file.read(length))
        bytes_ = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        part = bytes_[start:end]
        if about["dtype"] == "BF16":
            wide = np.frombuffer(part, "<u2").astype(np.uint32) << 16
            array: np.ndarray[Any, Any] = wide.view(np.float32)
        else:
            array = np.frombuffer(part, _KINDS[about["dtype"]])
        tensors[name] = array.reshape(about["shape"])
    return tensors, metadata
