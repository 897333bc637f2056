"""Run folders."""

from __future__ import annotations

import json
import os
import pathlib
import tomllib
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ravine._command import call
from ravine._safetensors import read_safetensors

if TYPE_CHECKING:
    import pandas
    import polars


class Run:
    """What a run left behind, read when it is asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)
        if not (self.path / "config.toml").is_file():
            raise FileNotFoundError(f"{self.path} is not a run folder (it has no config.toml)")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration, defaults included."""
        return tomllib.loads((self.path / "config.toml").read_text(encoding="utf-8"))

    @property
    def card(self) -> dict[str, Any]:
        """What was measured at its end; empty while it has not ended."""
        path = self.path / "card.json"
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return card

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of its journal, up to one that is being written."""
        path = self.path / "metrics.jsonl"
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return found

    @overload
    def metrics(self, kind: Literal["numpy"] = ...) -> dict[str, np.ndarray[Any, Any]]: ...
    @overload
    def metrics(self, kind: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def metrics(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    def metrics(self, kind: str = "numpy") -> Any:
        """A row a step: `step`, `epoch`, `train/loss`, …, `probe/knn`, …; NaN (or null) where a step has none.

        As a dict of arrays, or as a data frame of pandas or polars. Lists, which histograms are, stay in `lines`.
        """
        rows: dict[int, dict[str, Any]] = {}
        for line in self.lines:
            prefix = "train/" if "loss" in line else "probe/"
            row = rows.setdefault(line["step"], {"step": line["step"], "epoch": line["epoch"]})
            own = {key: value for key, value in line.items() if key not in ("step", "epoch")}
            row.update({prefix + key: value for key, value in own.items() if not isinstance(value, list)})
        names = dict.fromkeys(name for _, row in sorted(rows.items()) for name in row)
        columns = {name: [row.get(name) for _, row in sorted(rows.items())] for name in names}
        if kind == "pandas":
            import pandas

            return pandas.DataFrame(columns)
        if kind == "polars":
            import polars

            return polars.DataFrame(columns)
        if kind != "numpy":
            raise ValueError(f"kind {kind!r}: give numpy, pandas or polars")
        return {name: _array(values) for name, values in columns.items()}

    @property
    def checkpoints(self) -> list[str]:
        """Names of the checkpoints that were kept, the oldest first."""
        found = (self.path / "checkpoints").glob("step-*")
        return sorted((path.name for path in found), key=lambda name: (len(name), name))

    def weights(self, checkpoint: str = "end") -> dict[str, np.ndarray[Any, Any]]:
        """Parameters by name: `end` (what the run ended with), `latest`, `best`, or a name of `checkpoints`.

        Their moving average where the run keeps one.
        """
        if checkpoint in ("end", "latest", "best"):
            pointer = self.path / checkpoint
            if checkpoint == "end" and not pointer.is_file():
                pointer = self.path / "latest"
            checkpoint = pointer.read_text(encoding="utf-8").strip()
        folder = self.path / "checkpoints" / checkpoint
        average = folder / "ema.safetensors"
        return read_safetensors(average if average.is_file() else folder / "model.safetensors")[0]


def runs(folder: str | os.PathLike[str] = "runs") -> list[dict[str, Any]]:
    """`ravine runs`: method, data, budget, best numbers, verdict and state of every run below `folder`."""
    found: list[dict[str, Any]] = call("runs", folder)
    return found


def _array(values: list[Any]) -> np.ndarray[Any, Any]:
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    missing = any(value is None for value in values)
    return np.array([np.nan if value is None else value for value in values], dtype=float if missing else None)
