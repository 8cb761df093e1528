"""Scope classifiers: log g(z_e, x'), the log-probability that an input lies in the scope of an edit (section 2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoTokenizer, BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from serac.config.serac import ScopeSettings
from serac.editors.serac.edit_store import EditStore
from serac.editors.serac.model_cache import ModelCache
from serac.errors import ConfigError
from serac.records import Edit
from serac.tasks.loading import load_without_dropout

SETTINGS_FILE = "scope.json"
CACHED_VECTORS = 4096

Pair = tuple[Edit, str]


class ScopeClassifier(nn.Module, ABC):
    """An encoder that scores pairs of an edit and an input; see :class:`EmbedClassifier`, :class:`CrossClassifier`."""

    kind: ClassVar[str]
    auto_class: ClassVar[Any]

    def __init__(self, encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: ScopeSettings) -> None:
        super().__init__()
        if tokenizer.sep_token is None:
            raise ConfigError(f"the tokenizer of '{settings.checkpoint}' has no separator: use a BERT-like encoder")
        self.encoder, self.tokenizer, self.settings = encoder, tokenizer, settings
        self.separator: str = tokenizer.sep_token
        self._vectors: ModelCache[str, Tensor] = ModelCache(encoder, CACHED_VECTORS)

    # --- loading and saving --------------------------------------------------------------------
    @classmethod
    def from_checkpoint(cls, folder: Path | str, settings: ScopeSettings, *, seed: int = 0) -> Self:
        """An untrained classifier around the Hugging Face encoder in ``folder``.

        ``seed`` draws the weights that the checkpoint lacks (the head of a cross classifier). Raises
        ``ConfigError`` if ``settings.layers`` asks for more layers than there are.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            encoder = load_without_dropout(cls.auto_class, str(folder), **cls._changes(folder, settings))
        return cls(encoder, AutoTokenizer.from_pretrained(folder), settings).eval()

    def save_pretrained(self, folder: Path | str) -> None:
        """Write encoder and tokenizer as a Hugging Face folder, and the settings beside them."""
        self.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        (Path(folder) / SETTINGS_FILE).write_text(self.settings.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def _changes(cls, folder: Path | str, settings: ScopeSettings) -> dict[str, Any]:
        """Changes of the checkpoint's configuration."""
        if settings.layers is None:
            return {}
        available = AutoConfig.from_pretrained(folder).num_hidden_layers
        if settings.layers > available:
            raise ConfigError(f"'layers' is {settings.layers}, but the encoder in {folder} has only {available}")
        return {"num_hidden_layers": settings.layers}

    def with_settings(self, **changes: Any) -> Self:
        """A view of the same weights under changed settings."""
        return type(self)(self.encoder, self.tokenizer, self.settings.model_copy(update=changes))

    # --- texts ---------------------------------------------------------------------------------
    def entry(self, edit: Edit) -> str:
        """What the classifier reads of an edit: ``x_e + SEP + y_e + SEP``, no blanks."""
        return f"{edit.input}{self.separator}{edit.label}{self.separator}"

    def encode(self, texts: Sequence[str]) -> BatchEncoding:
        """Padded batch of the encoder's tokenizer on the encoder's device, cut to ``max_length`` tokens."""
        limit = min(self.settings.max_length, getattr(self.encoder.config, "max_position_embeddings", 10**6))
        batch = self.tokenizer(
            list(texts), padding=True, padding_side="right", truncation=True, max_length=limit, return_tensors="pt"
        )
        batch.pop("token_type_ids", None)
        on_device: BatchEncoding = batch.to(self.encoder.device)
        return on_device

    # --- scores --------------------------------------------------------------------------------
    @abstractmethod
    def pair_log_similarity(self, pairs: Sequence[Pair]) -> Tensor:
        """log g float32 [N] of edit and input, pair by pair, in one forward pass and with gradients."""

    def log_similarity(self, edits: Sequence[Edit], texts: Sequence[str]) -> Tensor:
        """log g float32 [len(texts), len(edits)] of all pairs, in one forward pass and with gradients."""
        pairs = [(edit, text) for text in texts for edit in edits]
        return self.pair_log_similarity(pairs).view(len(texts), len(edits))

    @abstractmethod
    def score_pairs(self, pairs: Sequence[Pair]) -> Tensor:
        """:meth:`pair_log_similarity` for inference: no gradients, in bounded batches, remembered."""

    # --- search --------------------------------------------------------------------------------
    @property
    @abstractmethod
    def vector_shape(self) -> tuple[int, int]:
        """Heads and width of the vectors that the memory keeps."""

    @abstractmethod
    def needs_vectors(self, candidates: int | None) -> bool:
        """Whether searching a memory with this setting uses vectors at all."""

    @abstractmethod
    def states(self, texts: Sequence[str]) -> Tensor:
        """Vectors float32 [n, heads * width] in one forward pass and with gradients."""

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """:meth:`states` for inference: no gradients, in bounded batches, remembered."""
        if not texts:
            heads, width = self.vector_shape
            return torch.empty(0, heads * width, device=self.encoder.device)
        if len(texts) > CACHED_VECTORS:
            return self._batched_states(texts)
        return torch.stack(
            self._vectors.get(texts, lambda unknown: [row.clone() for row in self._batched_states(unknown)])
        )

    @abstractmethod
    def search(self, texts: Sequence[str], store: EditStore, candidates: int | None) -> tuple[Tensor, Tensor]:
        """Log g float32 [T, m] of the edits worth considering for each text and their ids int64 [T, m].

        The store holds vectors as far as :meth:`needs_vectors`; ``candidates`` is the memory's setting.
        """

    def _batched_states(self, texts: Sequence[str]) -> Tensor:
        heads, width = self.vector_shape
        result = torch.empty(len(texts), heads * width, device=self.encoder.device)
        with self.inference():
            for places in in_length_order(texts, self.settings.batch_size):
                result[places] = self.states([texts[place] for place in places]).float()
        return result

    @contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients, and autocast where ``precision`` asks for it."""
        bfloat16 = self.settings.precision == "bfloat16"
        with torch.no_grad(), torch.autocast(self.encoder.device.type, torch.bfloat16) if bfloat16 else nullcontext():
            yield


def in_length_order(texts: Sequence[str], batch_size: int) -> Iterator[list[int]]:
    """Places of ``texts`` in batches of similar length, longest first, so that padding is small."""
    order = sorted(range(len(texts)), key=lambda place: (-len(texts[place]), place))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
