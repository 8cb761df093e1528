"""Approximate search of large memories with faiss (the optional extra ``faiss``), kept on disk beside the vectors."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from serac.editors.serac.memory_file import in_one_step
from serac.editors.serac.vector_store import BLOCK, VectorStore
from serac.errors import SeracError

FILE = "memory.faiss.json"
_TRAINING_ROWS_A_CELL = 39  # what faiss asks for to place a cell's centre
_CHECKED = 64  # rows of an index that was read that are compared with the vectors
_TOLERANCE = 0.05  # of a row's norm: what eight bits a number may lose


class ApproximateIndex:
    """Inverted lists with eight bits per number, one index per head; built once, then appended to.

    With c = sqrt(n) cells a query reads ``probes`` of them, about n * probes / c rows.
    """

    def __init__(self, vectors: VectorStore, heads: list[Any], built_for: int) -> None:
        self.vectors, self.heads, self.built_for = vectors, heads, built_for
        self.on_disk = 0
        """Slots that the index on disk holds."""

    @classmethod
    def build(cls, vectors: VectorStore) -> ApproximateIndex:
        """Index all rows; raises ``SeracError`` where faiss is not installed."""
        count = len(vectors)
        cells = max(1, int(count**0.5))
        step = max(1, count // (_TRAINING_ROWS_A_CELL * cells))
        sample = torch.cat([vectors.rows(start, min(start + BLOCK, count))[::step] for start in range(0, count, BLOCK)])
        index = cls(vectors, [_trained(_array(sample[:, head]), cells) for head in range(vectors.heads)], count)
        index.update()
        return index

    @property
    def count(self) -> int:
        """Slots indexed."""
        return int(self.heads[0].ntotal)

    def outgrown(self) -> bool:
        """The memory has doubled since the cells were placed: build a new index."""
        return len(self.vectors) > 2 * self.built_for

    def update(self) -> None:
        """Add the rows that came after the last update."""
        while self.count < len(self.vectors):
            rows = self.vectors.rows(self.count, min(self.count + BLOCK, len(self.vectors)))
            for head, index in enumerate(self.heads):
                index.add(_array(rows[:, head]))

    def nearest(self, queries: Tensor, count: int, probes: int, dead: Tensor | None = None) -> Tensor:
        """Slots int64 [T, count] of near rows to ``queries`` [T, heads * width]; a row may occur twice.

        -1 in a query's whole row where the probed cells hold none.
        """
        import faiss

        options: dict[str, Any] = {"nprobe": probes}
        if dead is not None:
            alive = np.packbits(~dead.cpu().numpy(), bitorder="little")
            options["sel"] = faiss.IDSelectorBitmap(alive)  # type: ignore[call-arg, arg-type]
        chosen = faiss.SearchParametersIVF(**options)
        queries = queries.view(len(queries), self.vectors.heads, -1)
        found = [index.search(_array(queries[:, h]), count, params=chosen) for h, index in enumerate(self.heads)]
        distances = np.concatenate([pair[0] for pair in found], axis=1)
        slots = np.concatenate([pair[1] for pair in found], axis=1)
        distances[slots < 0] = np.inf  # faiss pads with -1 where the probed cells hold too few rows
        best = np.take_along_axis(slots, np.argsort(distances, axis=1, kind="stable")[:, :count], axis=1)
        best = np.where(best < 0, best[:, :1], best)
        return torch.from_numpy(best).to(queries.device)

    # --- disk ----------------------------------------------------------------------------------
    def save(self, folder: Path, vectors: str) -> None:
        """Write the index beside the vectors; ``vectors`` names the file of the first slots and its content."""
        import faiss

        checksums = []
        (folder / FILE).unlink(missing_ok=True)
        for head, index in enumerate(self.heads):
            with in_one_step(_file(folder, head)) as part:
                faiss.write_index(index, str(part))
            checksums.append(_checksum(_file(folder, head)))
        about = {"vectors": vectors, "slots": self.count, "built_for": self.built_for, "checksums": checksums}
        with in_one_step(folder / FILE) as part:
            part.write_text(json.dumps(about) + "\n", encoding="utf-8")
        self.on_disk = self.count

    @classmethod
    def load(cls, folder: Path, vectors: VectorStore, named: str) -> ApproximateIndex | None:
        """The index in ``folder``, completed; None where there is none of these vectors, or a damaged one."""
        try:
            import faiss

            about = json.loads((folder / FILE).read_text(encoding="utf-8"))
            files = [_file(folder, head) for head in range(vectors.heads)]
            if about["vectors"] != named or about["checksums"] != [_checksum(file) for file in files]:
                return None
            index = cls(vectors, [faiss.read_index(str(file)) for file in files], int(about["built_for"]))
            if index.count != about["slots"] or not index._fits():
                return None
        except (ImportError, OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        index.on_disk = index.count
        index.update()
        return index

    def _fits(self) -> bool:
        """Whether some of the indexed rows are those of the vectors."""
        if not 0 < self.count <= len(self.vectors) or any(index.d != self.vectors.width for index in self.heads):
            return False
        for index in self.heads:
            index.make_direct_map()
        for slot in np.linspace(0, self.count - 1, _CHECKED).astype(int).tolist():
            row = self.vectors.rows(slot, slot + 1)[0]
            for head, index in enumerate(self.heads):
                kept = index.reconstruct(slot)
                expected = _array(row[head])
                if np.linalg.norm(kept - expected) > _TOLERANCE * np.linalg.norm(expected):
                    return False
        return True


def _file(folder: Path, head: int) -> Path:
    return folder / (f"memory-head{head}.faiss" if head else "memory.faiss")


def _trained(rows: np.ndarray, cells: int) -> Any:
    try:
        import faiss
    except ImportError as error:
        raise SeracError("'approximate_above' needs faiss. Hint: pip install faiss-cpu, or set it to null") from error
    index: Any = faiss.index_factory(rows.shape[1], f"IVF{cells},SQ8")
    index.train(rows)
    return index


def _array(rows: Tensor) -> np.ndarray:
    return np.ascontiguousarray(rows.detach().cpu().float().numpy())


def _checksum(file: Path) -> int:
    value = 0
    with file.open("rb") as opened:
        while block := opened.read(2**22):
            value = zlib.crc32(block, value)
    return value
