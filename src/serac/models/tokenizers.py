"""Tokenizers of generated checkpoints: lossless byte-level BPE trained on the raw texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from serac.errors import MissingSourceError, RecordError
from serac.models.families.registry import FAMILIES
from serac.problems.native_files import lines, read_json

_PROMPTS = (
    "True or False: ",
    "True/False: ",
    "T/F: ",
    "Answer True or False: ",
    "Topic: ",
    "Sentiment: Positive Negative",
)


def ordinary_tokens(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids of all tokens that are not special, ascending."""
    return sorted(set(range(len(tokenizer))) - set(tokenizer.all_special_ids))


def train_tokenizer(family: str, texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE with the special tokens of ``family``; every text survives encoding and decoding.

    Each digit is a token, so that an unseen year can be copied. A leading blank is added to the
    first word, so that a word has the same token wherever it occurs.
    """
    kind = FAMILIES[family]
    special = dict(kind.special_tokens)
    tokenizer = Tokenizer(models.BPE(unk_token=special["unk_token"]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=True), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=kind.single,
        pair=kind.pair,
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in special.values()],
    )
    build: Callable[..., PreTrainedTokenizerFast] = PreTrainedTokenizerFast  # its constructor has no annotations
    return build(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **special)


def raw_texts(raw: Path, corpora: Iterable[str]) -> Iterator[str]:
    """All strings of the raw files of the named sources, in a fixed order, then the fixed prompts."""
    for source in corpora:
        folder = raw / source
        if not folder.is_dir():
            raise MissingSourceError(f"no raw source '{source}' under {raw}. Hint: check 'corpora' of the checkpoint")
        for file in sorted(folder.iterdir()):
            yield from _file_texts(file)
    yield from _PROMPTS


def _file_texts(file: Path) -> Iterator[str]:
    if file.suffix == ".json":
        yield from _strings(read_json(file, Any))
        return
    for number, line in lines(file):
        if file.suffix != ".jsonl":
            yield line
        elif line.strip():
            try:
                yield from _strings(json.loads(line))
            except json.JSONDecodeError as error:
                raise RecordError(file, number, f"not JSON: {error}") from None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
