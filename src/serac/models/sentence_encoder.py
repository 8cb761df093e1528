"""Sentence embeddings for mining hard negatives (paper: all-MiniLM-L6-v2)."""

from __future__ import annotations

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from serac.problems.splits import Embed


def sentence_embedder(checkpoint: str, *, batch_size: int = 64, max_length: int = 64) -> Embed:
    """Mean-pooled last states of the encoder saved in ``checkpoint``: texts to float32 [n, d], not normalised."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModel.from_pretrained(checkpoint).eval()

    @torch.inference_mode()
    def embed(texts: list[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = tokenizer(
                [texts[i] for i in rows], padding=True, truncation=True, max_length=max_length, return_tensors="pt"
            )
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            vectors[rows] = ((states * mask).sum(1) / mask.sum(1)).numpy()
        return vectors

    return embed
