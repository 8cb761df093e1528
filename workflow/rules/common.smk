"""Functions that the rules share: the validated settings and where things lie."""

import re

from snakemake.exceptions import WorkflowError

from serac.config.load import validate
from serac.errors import ConfigError
from serac.problems.raw_files import raw_files
from serac.sources.files import RAW_FILES, raw_paths

try:
    settings = validate(config)
except ConfigError as error:
    raise WorkflowError(f"the configuration is not valid:\n{error}")

RUN = f"results/{settings.run.name}"
WORLD = f"resources/{settings.world.name}"
TABLES = ("main",)
FIGURES = ()
SPLITS = ("train", "validation", "test")
EDIT_FILES = tuple(f"{split}.jsonl" for split in SPLITS)
BASE_FILES = ("base_train.jsonl", "base_validation.jsonl")
MODEL_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
SCOPE_FILES = (*MODEL_FILES, "scope.json")
COUNTERFACTUAL_FILES = (*MODEL_FILES, "counterfactual.json")


# --- wildcards, resources and parameters -------------------------------------------------------------
def choice(names):
    """A wildcard constraint that matches exactly these names (none: matches nothing)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def growing(kind, what):
    """A resource of the config's `run.needs` that grows with every attempt."""
    need = getattr(settings.run.needs[kind], what)
    return lambda wildcards, attempt: need * attempt


def gpus():
    """GPUs that a training or evaluation job asks for."""
    return 1 if settings.run.device == "cuda" else 0


def dump(section):
    """A section as plain values: what a rule's `params` record, so that only its own changes rerun it."""
    return section.model_dump(mode="json")


def problem_settings(wildcards):
    return settings.problems[wildcards.problem]


def scope_settings(wildcards):
    return problem_settings(wildcards).scope[wildcards.classifier]


def editor_settings(wildcards):
    return settings.editors[wildcards.editor]


# --- files ---------------------------------------------------------------------------------------
def in_folder(folder, files):
    return [f"{folder}/{file}" for file in files]


def checkpoint_files(name):
    return in_folder(f"{WORLD}/models/{name}", MODEL_FILES)


def problem_files(problem, *files):
    return in_folder(f"{RUN}/problems/{problem}", files)


def base_files(wildcards):
    """The base model that a problem edits."""
    return in_folder(
        f"{RUN}/models/{settings.base_of(wildcards.problem)}/base", MODEL_FILES
    )


def reader_files(wildcards):
    """The checkpoint whose tokenizer reads inputs before a scope classifier sees them: the untrained base model."""
    return checkpoint_files(
        settings.problems[settings.base_of(wildcards.problem)].base.checkpoint
    )


def component_files(wildcards):
    """Trained parts that an editor is made of, besides the base model."""
    section = editor_settings(wildcards)
    files = {}
    if classifier := getattr(section, "classifier", None):
        files["scope"] = in_folder(
            f"{RUN}/scope/{wildcards.problem}/{classifier}/seed{wildcards.seed}",
            SCOPE_FILES,
        )
    if section.counterfactual:
        files["counterfactual"] = in_folder(
            f"{RUN}/counterfactual/{wildcards.problem}/seed{wildcards.seed}",
            COUNTERFACTUAL_FILES,
        )
    if section.trained:
        folder = f"{RUN}/editors/{wildcards.problem}/{wildcards.editor}/k{wildcards.k}/seed{wildcards.seed}"
        files["weights"] = in_folder(folder, ("config.json", "model.safetensors"))
    return files


def outcome_files(problem, editors, ks):
    """Outcomes of some editors on a problem for every training seed that is evaluated."""
    seeds = [
        seed for seed in settings.seeds.training if settings.seeds.evaluated_with(seed)
    ]
    return [
        f"{RUN}/outcomes/{problem}/{editor}/k{k}/seed{seed}.parquet"
        for editor in editors
        for k in ks
        for seed in seeds
    ]


def tuning_settings(wildcards):
    """The tuning protocol with the candidates of one editor alone, under the name of its method."""
    method = editor_settings(wildcards).method
    return {
        **dump(settings.tuning),
        "candidates": {method: settings.tuning.candidates[wildcards.editor]},
    }


def sources_from(origin):
    return [
        name for name, source in settings.sources.items() if source.origin == origin
    ]


def checkpoints_from(*sources):
    return [
        name for name, model in settings.checkpoints.items() if model.source in sources
    ]


def checkpoint_corpora(wildcards):
    model = settings.checkpoints[wildcards.model]
    return (
        raw_paths(f"{WORLD}/raw", *model.corpora) if model.source == "generate" else []
    )


def encoder_files(wildcards):
    encoder = problem_settings(wildcards).encoder
    return checkpoint_files(encoder) if encoder else []


def all_outcomes(wildcards):
    """Outcomes of the main table and of the figure over k."""
    main = [
        path
        for problem in settings.run.problems
        for path in outcome_files(
            problem, settings.problems[problem].editors, [settings.paper.k]
        )
    ]
    return list(dict.fromkeys([*main, *batched_outcomes(wildcards)]))


def batched_outcomes(wildcards):
    """Outcomes of the figure over k."""
    return outcome_files(
        settings.paper.batched_problem,
        settings.paper.batched_editors,
        settings.paper.ks,
    )


def table_files(name):
    return [f"{RUN}/tables/{name}.{kind}" for kind in ("csv", "md", "tex")]


def figure_files(name):
    return [f"{RUN}/figures/{name}.{kind}" for kind in ("pdf", "png")]
