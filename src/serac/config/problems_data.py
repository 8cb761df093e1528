"""Settings of the data rules: which files become which split, and how many inputs of each kind an edit gets."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from serac.config.section import Section

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class SplitSettings(Section):
    """Which source file becomes which split; one file can be carved into several splits, by group."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "dev", "test": "test"}, description="the source's name for each split"
    )
    fractions: dict[Split, float] = Field(
        {},
        description="share that a split gets of a file's groups (those that the filters keep), where splits share it",
    )
    limits: dict[Split, int] = Field(
        {}, description="largest number of groups of a split (a seeded choice of those that the filters keep)"
    )

    @model_validator(mode="after")
    def _splits_are_complete_and_disjoint(self) -> Self:
        if missing := [split for split in SPLITS if split not in self.splits]:
            raise ValueError(f"splits lacks {missing}: name a source file for each of {list(SPLITS)}")
        for file in set(self.splits.values()):
            sharing = [split for split in SPLITS if self.splits[split] == file]
            if len(sharing) == 1:
                continue
            shares = [self.fractions.get(split, 0.0) for split in sharing]
            if min(shares) <= 0 or sum(shares) > 1 + 1e-9:
                raise ValueError(f"{sharing} share the file '{file}': give each a fraction above 0, together at most 1")
        return self


class NqFiles(SplitSettings):
    """Natural Questions: the released test file holds no answers, so validation and test share one file."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "validation", "test": "validation"}, description="file of each split"
    )
    fractions: dict[Split, float] = Field(
        {"validation": 0.5, "test": 0.5},
        description="share of the questions, where splits share a file",
    )


class HardNegativeSettings(Section):
    """Neighbours of an edit by cosine similarity of sentence embeddings (paper: appendix on data)."""

    num_neighbors: int = Field(100, ge=1, description="how many of the most similar candidates are looked at")
    num_exclude: int = Field(25, ge=0, description="how many of the most similar of those are skipped as paraphrases")
    temperature: float = Field(0.1, gt=0, description="sampling weight is exp(similarity / temperature)")
    probability: float = Field(
        0.5,
        ge=0,
        le=1,
        description="chance that a rephrase, implication or statement out of scope is about a neighbour",
    )

    @model_validator(mode="after")
    def _some_remain(self) -> Self:
        if self.num_exclude >= self.num_neighbors:
            raise ValueError(f"num_exclude {self.num_exclude} must be below num_neighbors {self.num_neighbors}")
        return self


class ZsreSettings(SplitSettings):
    """Rules that all problems made from zsRE share."""

    implications: bool = Field(True, description="read impl_{split}.json")
    true_false: bool = Field(True, description="read zsre_yn_{split}.txt")
    drop_substrings: tuple[str, ...] = Field(
        ("sex", "gender"), description="questions that contain one of these are dropped (case-sensitive)"
    )
    subsets: dict[Split, str] = Field(
        {}, description="files beside the records that list the line numbers (from 0) that a split may use"
    )
    draws: int = Field(3, ge=1, description="different new answers of a training record; validation and test get one")
    base_validation: float = Field(
        0.05, ge=0, lt=1, description="share of the base model's pairs held out for validation; never a main question"
    )


class QaSettings(ZsreSettings):
    """QA: edits of zsRE facts; rephrases in scope, random other questions out of scope."""

    rephrases: int = Field(1, ge=1, description="in-scope rephrases an edit")
    random: int = Field(2, ge=1, description="out-of-scope questions an edit")
    nq: bool = Field(False, description="take the out-of-scope questions from Natural Questions instead of zsRE")
    nq_files: NqFiles = Field(NqFiles(), description="which NQ file serves which split")


class HardInScope(Section):
    """In-scope inputs an edit of QA-hard, beside the question itself."""

    rephrase: int = Field(1, ge=0, description="rephrases")
    implication: int = Field(1, ge=0, description="implications (hard)")
    true_false: int = Field(
        1, ge=0, description="statements (hard): at random true or false in training, one of each in evaluation"
    )


class HardOutOfScope(Section):
    """Out-of-scope inputs an edit of QA-hard: the kinds get equal shares by default, as in the reference's pool."""

    random: int = Field(1, ge=0, description="questions of random other facts")
    neighbour: int = Field(2, ge=0, description="questions of neighbouring facts (hard)")
    rephrase: int = Field(1, ge=0, description="rephrases of other facts")
    implication: int = Field(1, ge=0, description="implications of other facts")
    true_false: int = Field(1, ge=0, description="statements about other facts")


class QaHardSettings(ZsreSettings):
    """QA-hard: QA with implications and True/False statements in scope, neighbouring facts out of scope."""

    in_scope: HardInScope = Field(HardInScope(), description="in-scope inputs an edit, by kind")
    out_of_scope: HardOutOfScope = Field(HardOutOfScope(), description="out-of-scope inputs an edit, by kind")
    hard_negatives: HardNegativeSettings = Field(HardNegativeSettings(), description="who is a neighbour")


class FcSettings(SplitSettings):
    """FC: an evidence sentence is the edit, claims about it are in scope (VitaminC)."""

    revision_types: tuple[str, ...] = Field(("real",), description="values of revision_type that are kept")
    min_evidence_words: int = Field(10, ge=0, description="evidence must have more words (split on blanks) than this")
    balance: bool = Field(True, description="subsample the training claims so that the three labels are about equal")
    other_page: int = Field(2, ge=0, description="out-of-scope claims of other pages an edit")


class ConvSentSettings(SplitSettings):
    """ConvSent: a topic and a sentiment are the edit, questions about the topic are in scope."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "val", "test": "test"}, description="the source's name for each split"
    )
    dialogue: bool = Field(True, description="read raw/dialogue; false where the base model is used as it is")
    draws: int = Field(2, ge=1, description="examples a training topic; validation and test get one")
    other_topic: int = Field(3, ge=0, description="out-of-scope questions about random other topics an edit")
    hard_topic: int = Field(
        2, ge=0, description="out-of-scope questions about topics of similar name (with an encoder)"
    )
    hard_negatives: HardNegativeSettings = Field(HardNegativeSettings(), description="which names are similar")
