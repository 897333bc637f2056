"""The binary, and calling it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import threading
from typing import IO, Any


class CommandError(RuntimeError):
    """A command that failed: its sentence, and the exit code (1 failed, 2 wrong usage, 130 interrupted)."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


def binary() -> str:
    """Path of the binary: RAVINE_BINARY, that of this installation, or the first on the PATH."""
    name = "ravine.exe" if sys.platform == "win32" else "ravine"
    given = os.environ.get("RAVINE_BINARY")
    schemes = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]
    places = [given, *(os.path.join(folder, name) for folder in schemes), shutil.which(name)]
    for place in places:
        if place and pathlib.Path(place).is_file():
            return place
    raise FileNotFoundError("there is no ravine binary; install the wheel, or name one with RAVINE_BINARY")


def arguments(options: dict[str, Any]) -> list[str]:
    """`labels_per_class=10` as `--labels-per-class 10`; True as a flag, None and False as nothing, a list as many."""
    found = []
    for name, value in options.items():
        flag = "-k" if name == "k" else "--" + name.replace("_", "-")
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is True:
                found.append(flag)
            elif one is not None and one is not False:
                found += [flag, os.fspath(one) if isinstance(one, os.PathLike) else str(one)]
    return found


def call(*words: str | os.PathLike[str], echo: bool = False, **options: Any) -> Any:
    """Run a command and give the object that it prints with `--json`; None where it prints none.

    `call("duplicates", "photos.parquet", k=5)` is `ravine duplicates photos.parquet -k 5 --json`. With `echo`, progress and
    messages go to standard error as they come.

    Raises CommandError with the command's sentence.
    """
    command = [binary(), *(os.fspath(word) for word in words), *arguments(options), "--json"]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        listener = threading.Thread(target=_listen, args=(process.stderr, said, echo))
        listener.start()
        result = process.stdout.read() if process.stdout else ""
        code = process.wait()
        listener.join()
    if code != 0:
        errors = [line.removeprefix("error: ") for line in said if line.startswith("error: ")]
        raise CommandError(code, "\n".join(errors or said[-1:]))
    try:
        return json.loads(result) if result.strip() else None
    except json.JSONDecodeError:
        return None  # a sentence on what was written


def _listen(lines: IO[str] | None, said: list[str], echo: bool) -> None:
    for line in lines or ():
        said.append(line.rstrip())
        if echo:
            print(said[-1], file=sys.stderr, flush=True)
