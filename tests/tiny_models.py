"""Tiny random models of the three kinds, with tokenizers and examples of their own (read only)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BlenderbotSmallConfig,
    BlenderbotSmallForConditionalGeneration,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.records import Edit, EditExample, Query
from serac.tasks.base import Task
from serac.tasks.registry import load_task

PEOPLE = ("ada", "bela", "cleo", "dora", "egon", "fritz")
CITIES = ("paris", "rome", "oslo", "new york", "lima", "bern")
WORDS = (
    "where was born ? which city is the of birth true or false : in not yes no what do you think about how feel "
    "topic sentiment positive negative i love it hate so much they are great bad and dull really never again "
    "population has more than people 0 1 2 3 4 5 6 7 8 9 a who"
)
CORPUS = [WORDS, *PEOPLE, *CITIES]


@dataclass(frozen=True)
class Tiny:
    """A random model with its tokenizer, its task and examples that the task can read."""

    model: Any
    tokenizer: PreTrainedTokenizerFast
    task: Task
    examples: list[EditExample]

    @property
    def queries(self) -> list[Query]:
        return [query for example in self.examples for query in example.in_scope + example.out_of_scope]

    @property
    def edits(self) -> list[Edit]:
        return [example.edit for example in self.examples]


def t5() -> Tiny:
    tokenizer = word_tokenizer({"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}, "$A </s>")
    config = T5Config(  # type: ignore[call-arg]  # taken by its base class
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=3, num_decoder_layers=3, num_heads=4,
        dropout_rate=0.0, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return Tiny(random_model(T5ForConditionalGeneration, config), tokenizer, load_task("seq2seq", tokenizer, 32), qa())


def bert() -> Tiny:
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = word_tokenizer(special, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
    config = BertConfig(  # type: ignore[call-arg]  # taken by its base class
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=128, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.2,
        num_labels=1, pad_token_id=0,
    )  # fmt: skip
    model = random_model(BertForSequenceClassification, config)
    model.classifier.bias.data.fill_(-1.1)  # verdicts are mixed
    return Tiny(model, tokenizer, load_task("binary", tokenizer, 48), claims())


def blender() -> Tiny:
    special = {"pad_token": "__null__", "bos_token": "__start__", "eos_token": "__end__", "unk_token": "__unk__"}
    tokenizer = word_tokenizer(special, "$A __end__")
    config = BlenderbotSmallConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=3, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=128, dropout=0.0,
        attention_dropout=0.0, activation_dropout=0.0, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1, forced_eos_token_id=2, init_std=0.2,
    )  # fmt: skip
    model = random_model(BlenderbotSmallForConditionalGeneration, config)
    return Tiny(model, tokenizer, load_task("dialogue", tokenizer, 48), opinions())


def word_tokenizer(special: dict[str, str], single: str, pair: str | None = None) -> PreTrainedTokenizerFast:
    """A word-level tokenizer of the corpus; special tokens get the first ids, in the order given."""
    tokenizer = Tokenizer(models.WordLevel(unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(special_tokens=list(special.values()), show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(token, tokenizer.token_to_id(token)) for token in special.values()]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def random_model(model_class: Any, config: Any, seed: int = 0) -> Any:
    """A model with seeded random weights, in evaluation mode, without gradients."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return model_class(config).eval().requires_grad_(False)


def qa() -> list[EditExample]:
    return [
        EditExample(
            id=f"qa{i}",
            group=person,
            edit=Edit(f"where was {person} born ?", CITIES[i]),
            in_scope=(
                Query(f"where was {person} born ?", CITIES[i], "main"),
                Query(f"which city is the city of birth of {person} ?", CITIES[i], "rephrase"),
                Query(f"true or false : {person} was born in {CITIES[i]}", "true", "true_false", hard=True),
            ),
            out_of_scope=(
                Query(f"where was {PEOPLE[i - 1]} born ?", CITIES[i - 2], "random", about=PEOPLE[i - 1]),
                Query(f"who has more people than {CITIES[i]} ?", CITIES[i - 1], "neighbour", hard=True),
            ),
        )
        for i, person in enumerate(PEOPLE)
    ]


def claims() -> list[EditExample]:
    return [
        EditExample(
            id=f"fc{i}",
            group=city,
            edit=Edit(f"the population of {city} is {i} {i + 1} people", ""),
            in_scope=(
                Query(f"{city} has more than {i} people", "1", "supports"),
                Query(f"{city} has more than {i + 3} people", "0", "refutes", hard=True),
            ),
            out_of_scope=(
                Query(f"{city} is a great city", "1", "neutral", hard=True),
                Query(f"{CITIES[i - 1]} has more than {i} people", "0", "other_page", about=CITIES[i - 1]),
            ),
        )
        for i, city in enumerate(CITIES)
    ]


def opinions() -> list[EditExample]:
    good, bad = ("i love it so much", "they are great"), ("i hate it", "so dull and bad really")
    return [
        EditExample(
            id=f"cs{i}",
            group=city,
            edit=Edit(f"topic : {city}", f"sentiment : {'positive' if i % 2 else 'negative'}"),
            in_scope=tuple(
                Query(f"what do you think about {city} ?", text, "completion", wanted=(text in good) == bool(i % 2))
                for text in good + bad
            ),
            out_of_scope=(
                Query(f"how do you feel about {CITIES[i - 1]} ?", good[i % 2], "other_topic", about=CITIES[i - 1]),
                Query(f"what do you think about {CITIES[i - 2]} ?", bad[i % 2], "other_topic", about=CITIES[i - 2]),
            ),
        )
        for i, city in enumerate(CITIES)
    ]
