"""Commands as functions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ravine._command import call
from ravine._embeddings import Embeddings, read_embeddings
from ravine._runs import Run

Path = str | os.PathLike[str]


def pretrain(config: Path | None = None, *, sets: Mapping[str, Any] | None = None, echo: bool = True, **options: Any) -> Run:
    """`ravine pretrain`: learn from images without labels.

    `config` is a preset or a TOML file; `sets` are keys of the configuration, {"train.epochs": 5}; the options are those of
    the command: data, out, budget, resume, device, …
    """
    return _trained("pretrain", config, sets, echo, options)


def train(config: Path | None = None, *, sets: Mapping[str, Any] | None = None, echo: bool = True, **options: Any) -> Run:
    """`ravine train`: learn answers; arguments as of `pretrain`."""
    return _trained("train", config, sets, echo, options)


def embed(run: Run | Path, *, out: Path, **options: Any) -> Embeddings:
    """`ravine embed`: write the embeddings of a data set to the file `out`, and read them back."""
    call("embed", _folder(run), out=out, **options)
    return read_embeddings(out)


def probe(run: Run | Path, **options: Any) -> dict[str, Any]:
    """`ravine probe`: how well a probe reads classes from frozen embeddings; kind, labels_per_class, data, part, …"""
    found: dict[str, Any] = call("probe", _folder(run), **options)
    return found


def _trained(
    command: str,
    config: Path | None,
    sets: Mapping[str, Any] | None,
    echo: bool,
    options: dict[str, Any],
) -> Run:
    words = [command] if config is None else [command, os.fspath(config)]
    written = [f"{key}={_toml(value)}" for key, value in (sets or {}).items()]
    card = call(*words, echo=echo, set=written, **options)
    return Run(card["run"])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _folder(run: Run | Path) -> Path:
    return run.path if isinstance(run, Run) else run
