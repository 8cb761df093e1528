"""Settings of tables and figures: on which problems and editors each is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, PositiveInt

from serac.config.evaluation import CostSettings, SequentialSettings
from serac.config.models import BaseModelSettings
from serac.config.names import EditorName, EmbedName, MemoryEditorName, ProblemName, SeracName
from serac.config.section import Section


def _without_null(named: Any) -> Any:
    """An override file cannot remove a key of the default, but it can set it to null."""
    return {key: value for key, value in named.items() if value is not None} if isinstance(named, dict) else named


Key = TypeVar("Key")
Item = TypeVar("Item")
Named = Annotated[dict[Key, Item], BeforeValidator(_without_null)]


class ItemSettings(Section):
    """An item about some editors on one problem."""

    problem: ProblemName = Field(description="problem that the item is about")
    editors: tuple[EditorName, ...] = Field(min_length=1, description="editors that it shows")


class ComponentsItem(ItemSettings):
    """Table components: SERAC's parts alone."""

    editors: tuple[SeracName, ...] = Field(min_length=1, description="editors that it shows")


class ThresholdItem(ItemSettings):
    """Figure threshold: what routing at other thresholds would do."""

    editors: tuple[MemoryEditorName, ...] = Field(min_length=1, description="editors that it shows")


class BatchedEditsItem(ItemSettings):
    """Figure batched_edits."""

    ks: tuple[PositiveInt, ...] = Field((1, 5, 25, 75), min_length=1, description="simultaneous edits (paper)")


class SequentialEditsItem(ItemSettings, SequentialSettings):
    """Figure sequential_edits."""


class ClassifiersItem(Section):
    """Table scope_classifier: Embed and Cross on two sizes of encoder."""

    problems: tuple[ProblemName, ...] = Field(("qa_hard", "fc"), min_length=1, description="problems (paper)")
    editors: Named[EditorName, str] = Field(
        min_length=1,
        description="how the table prints each editor, one for each kind and size; null leaves one out",
    )


class OtherBaseModel(BaseModelSettings):
    """A base model that SERAC never saw."""

    title: str = Field(description="how the table prints it")
    task: Literal["seq2seq", "causal"] | None = Field(
        None, description="how it reads, if not as the problem's own base model does"
    )


class BaseModelsItem(Section):
    """Table base_models: one trained SERAC in front of other base models."""

    problems: tuple[ProblemName, ...] = Field(("qa", "qa_hard"), min_length=1, description="problems (paper)")
    editor: SeracName = Field("serac_embed", description="the trained SERAC")
    title: str = Field("own base model", description="how the table prints the base model that SERAC was tuned with")
    models: Named[str, OtherBaseModel] = Field(
        {}, description="other base models by name, trained on the same data; null leaves one out"
    )


class CostItem(CostSettings):
    """Table cost."""

    editors: Named[ProblemName, EditorName] = Field(
        {},
        description="by problem the editor whose forward pass is compared with the base model's; null leaves one out",
    )


class EditScopeItem(Section):
    """Figure edit_scope: the embedding space of a trained Embed classifier."""

    problem: ProblemName = Field("qa_hard", description="problem that the edits are from")
    editor: EmbedName = Field("serac_embed", description="editor whose classifier is drawn")
    edits: PositiveInt = Field(4, le=6, description="edits drawn")
    inputs: PositiveInt = Field(3, description="inputs drawn of each scope and difficulty, an edit")


class ErrorsItem(Section):
    """Figure errors: categories of predictions with sampled examples."""

    problem: ProblemName = Field("qa_hard", description="problem that the predictions are from")
    editor: EditorName = Field("serac_cross", description="editor that made them")
    examples: PositiveInt = Field(6, description="printed examples")


T5Size = Literal["miniature", "t5-small", "t5-base", "t5-large"]
EncoderSize = Literal["miniature", "distilbert"]


class MemoryScalingItem(Section):
    """Figure memory_scaling: latency with memories of growing size, models of real sizes with random weights."""

    sizes: tuple[PositiveInt, ...] = Field((1, 10, 100, 1000), min_length=1, description="edits in the memory")
    batch_sizes: tuple[PositiveInt, ...] = Field((1, 32), min_length=1, description="inputs a forward pass")
    base: T5Size = Field("miniature", description="size of the base model, see benchmarks/random_models.py")
    counterfactual: T5Size = Field("miniature", description="size of the counterfactual model")
    encoder: EncoderSize = Field("miniature", description="size of the encoder")
    repeats: PositiveInt = Field(5, description="timed passes; the median counts")
    reference_limit: PositiveInt = Field(1000, description="memory up to which the reference's way is measured")


class RealTextItem(Section):
    """Table real_text: routing of real paraphrases, statements and questions, against the number of edits."""

    classifiers: tuple[str, ...] = Field(
        (), description="scope classifiers of the problem `paraphrases`; none: no table"
    )
    sizes: tuple[PositiveInt, ...] = Field((10, 100, 900), min_length=1, description="edits in the memory")
    false_alarms: float = Field(
        0.0, ge=0, lt=1, description="share of validation inputs that may meet an entry of another subject"
    )


class PaperSettings(Section):
    """What the tables and figures show."""

    k: PositiveInt = Field(10, description="simultaneous edits of the main table (paper: 10)")
    seed: int = Field(0, description="seed that samples the example inputs of tables and figures")
    batched_edits: BatchedEditsItem = Field(description="figure: ES - DD against the number of edits")
    scope_classifier: ClassifiersItem = Field(description="table: kinds and sizes of scope classifiers")
    real_text: RealTextItem = Field(RealTextItem(), description="table: routing of real text")
    components: ComponentsItem = Field(description="table: SERAC's parts alone")
    base_models: BaseModelsItem = Field(BaseModelsItem(), description="table: SERAC in front of other base models")
    cost: CostItem = Field(CostItem(), description="table: time and memory of a forward pass")
    edit_scope: EditScopeItem = Field(EditScopeItem(), description="figure: the classifier's embedding space")
    errors: ErrorsItem = Field(ErrorsItem(), description="figure: right and wrong predictions")
    sequential_edits: SequentialEditsItem = Field(description="figure: edits arriving one after another")
    threshold: ThresholdItem = Field(description="figure: what the routing threshold decides")
    memory_scaling: MemoryScalingItem = Field(MemoryScalingItem(), description="figure: large memories")

    def uses(self) -> Iterator[tuple[str, str, str]]:
        """Name of the item, problem and editor of everything that is evaluated beside `problems.<name>.editors`."""
        for name in ("batched_edits", "components", "sequential_edits", "threshold"):
            item = getattr(self, name)
            yield from ((name, item.problem, editor) for editor in item.editors)
        for name in ("edit_scope", "errors"):
            yield name, getattr(self, name).problem, getattr(self, name).editor
        for problem in self.scope_classifier.problems:
            yield from (("scope_classifier", problem, editor) for editor in self.scope_classifier.editors)
        yield from (("base_models", problem, self.base_models.editor) for problem in self.base_models.problems)
        yield from (("cost", problem, editor) for problem, editor in self.cost.editors.items())
