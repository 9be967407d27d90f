"""The runs of a study that are done, a line each, so that one that was ended goes on."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError

Figures = Mapping[str, float | None]
"""Of one mechanism in one run, by name."""
Run = tuple[int, int]
"""(point, seed)."""

FILE = "runs.jsonl"


class Journal:
    """`done`: figures by mechanism, of every run that the file has."""

    def __init__(self, folder: Path, digest: str, version: str) -> None:
        """Open or begin the file in `folder`. ProofmillError if it is of another study, or of
        another version of the program, whose figures may be others."""
        self._path = folder / FILE
        self.done: dict[Run, Mapping[str, Figures]] = {}
        head = {"study": digest, "version": version}
        if self._path.exists():
            self._read(head)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._append(head)

    def add(self, run: Run, figures: Mapping[str, Figures]) -> None:
        """A run is done: on the disk when this returns."""
        self.done[run] = figures
        self._append({"point": run[0], "seed": run[1], **figures})

    def _append(self, record: Mapping[str, object]) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, head: Mapping[str, object]) -> None:
        text = self._path.read_bytes()
        lines = text.split(b"\n")
        if lines[-1]:  # what a run that was killed had begun to write
            with open(self._path, "r+b") as file:
                file.truncate(len(text) - len(lines[-1]))
        try:
            first, *others = map(json.loads, lines[:-1])
            found = {name: first[name] for name in head}
            done = {(each.pop("point"), each.pop("seed")): each for each in others}
        except (ValueError, TypeError, LookupError) as error:
            raise ProofmillError(f"{self._path}: not the runs of a study; name another folder, or "
                                 "delete the file") from error
        for name, what in (("study", "another study, or this one before it was changed"),
                           ("version", "another version of Proofmill")):
            if found[name] != head[name]:
                raise ProofmillError(f"{self._path}: has runs of {what}; name another folder, or "
                                     "delete the file to begin anew")
        self.done = done
