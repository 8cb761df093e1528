"""Base of editors with a settings section: checked hyperparameters, tuning, saving and loading."""

from __future__ import annotations

import copy
import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from serac.config.check import validate_section
from serac.config.editors import EditorSection
from serac.editors.base import EditedModel, Editor
from serac.editors.edited_matrices import resolve_matrices
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import ConfigError
from serac.records import Edit
from serac.tasks.base import Batch, Task, device_of

S = TypeVar("S", bound=EditorSection)


class ConfiguredEditor(Editor, Generic[S]):
    """An editor whose hyperparameters are the fields of ``section``; it freezes the base model."""

    settings: S

    def __init__(self, base: nn.Module, task: Task, **hyperparameters: Any) -> None:
        """Check the hyperparameters; raises ``ConfigError`` for an unknown one or an impossible value."""
        super().__init__(base.requires_grad_(False).eval(), task)
        self._configure(hyperparameters)

    def _configure(self, hyperparameters: dict[str, Any]) -> None:
        self.settings = validate_section(self.section, hyperparameters)  # type: ignore[assignment]
        self.hyperparameters = self.settings.model_dump(mode="json")

    def tuned(self, **choice: Any) -> Self:
        """The same editor, sharing all weights, with some hyperparameters changed."""
        view = copy.copy(self)
        view._configure({**self.hyperparameters, **choice})
        return view

    def save_pretrained(self, folder: Path | str) -> None:
        """Write ``config.json`` and, where the editor has weights, ``model.safetensors``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = {"editor": self.name, **self._arguments(), **self.hyperparameters}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        if tensors := self._tensors():
            contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(contiguous, folder / "model.safetensors")

    @classmethod
    def from_pretrained(cls, folder: Path | str, base: nn.Module, task: Task) -> Self:
        """Inverse of :meth:`save_pretrained`; raises ``ConfigError`` if the folder is another editor's or none."""
        folder = Path(folder)
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{folder} holds no editor: config.json is missing") from error
        if config.pop("editor", None) != cls.name:
            raise ConfigError(f"{folder} does not hold an editor of kind {cls.name!r}")
        editor = cls(base, task, **config)
        if (folder / "model.safetensors").exists():
            editor._load_tensors(load_file(folder / "model.safetensors"))
        return editor

    def encode(self, batch: Batch) -> Batch:
        """``batch`` on the base model's device."""
        device = device_of(self.base)
        return {name: tensor.to(device) for name, tensor in batch.items()}

    def _arguments(self) -> dict[str, Any]:
        """Constructor arguments other than the section's fields."""
        return {}

    def _tensors(self) -> dict[str, Tensor]:
        """Weights to save."""
        return {}

    def _load_tensors(self, tensors: dict[str, Tensor]) -> None:
        raise ConfigError(f"the editor {self.name!r} has no weights to load")


class MatrixEditor(ConfiguredEditor[S]):
    """An editor that changes weight matrices: those matching ``matrices``, or the default ones of the architecture."""

    def __init__(self, base: nn.Module, task: Task, *, matrices: Sequence[str] = (), **hyperparameters: Any) -> None:
        """``matrices`` are parameter names or patterns; see :func:`serac.editors.edited_matrices.resolve_matrices`."""
        super().__init__(base, task, **hyperparameters)
        self.matrices = resolve_matrices(base, matrices)

    def _arguments(self) -> dict[str, Any]:
        return {"matrices": self.matrices}

    def edit_in_sequence(self, edits: Sequence[Edit], stops: Sequence[int]) -> Iterator[EditedModel]:
        """Apply each edit separately to the weights that the last one left; see :meth:`Editor.edit_in_sequence`."""
        editor = self
        for number, edit in enumerate(edits[: max(stops)], start=1):
            edited = editor.edit([edit])
            if number in stops:
                yield edited
            editor = editor.following(edited.weights)

    @abstractmethod
    def edit(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """See :meth:`Editor.edit`."""

    def following(self, weights: Mapping[str, Tensor]) -> Self:
        """The editor whose next edits start from the base model with these weights; they share all other weights."""
        view = copy.copy(self)
        kept = {id(parameter): parameter for name, parameter in self.base.named_parameters() if name not in weights}
        view.base = copy.deepcopy(self.base, kept)
        for name, weight in weights.items():
            view.base.get_parameter(name).data.copy_(weight)
        return view

    def base_weights(self) -> dict[str, Tensor]:
        """The edited matrices of the base model by name."""
        parameters = dict(self.base.named_parameters())
        return {name: parameters[name] for name in self.matrices}


def require_answers(editor: str, task: Task) -> None:
    """Raise ``ConfigError`` unless an edit's label is an answer that the model should give to the edit's input."""
    if not task.exact_answers:
        raise ConfigError(
            f"the editor {editor!r} is not defined for {task.name} edits (ConvSent), whose label is not an answer. "
            "Hint: remove it from the problem's list of editors"
        )
