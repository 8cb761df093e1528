"""Functions that the rules share: the validated settings and the paths of files."""

import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from serac.config.files import merge, read_yaml
from serac.settings import validate
from serac.settings.precision import emulated_bfloat16
from serac.errors import ConfigError
from serac.models.sizes import size_of
from serac.sources.raw_files import RAW_FILES, raw_paths
from serac.workflow.attempts import before

ROOT = Path(str(workflow.current_basedir)).parents[1]
config |= merge(read_yaml(ROOT / "config" / "config.yaml"), config)  # as a module it gets the other keys alone
chosen = list(map(str, workflow.overwrite_configfiles))
try:
    settings = validate(config, [file for file in map(str, workflow.configfiles) if file not in chosen] + chosen)
except ConfigError as error:
    raise WorkflowError(f"the configuration is not valid:\n{error}")
if workflow.is_main_process and (warning := emulated_bfloat16(settings)):
    logger.warning(warning)

RUN = f"results/{settings.run.name}"
WORLD = f"resources/{settings.world.name}"
SPLITS = ("train", "validation", "test")
EDIT_FILES = tuple(f"{split}.jsonl" for split in SPLITS)
BASE_FILES = ("base_train.jsonl", "base_validation.jsonl")
MODEL_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer_config.json",
)
"""Files in every model folder; vocabulary files are next to them, with names that depend on the kind of tokenizer."""
SCOPE_FILES = (*MODEL_FILES, "scope.json")
COUNTERFACTUAL_FILES = ("counterfactual.json", "model.safetensors")
"""A whole model also has its configuration and tokenizer files; an adapter has no other files."""


# --- wildcards, resources and parameters -------------------------------------------------------------
def choice(names):
    """A wildcard constraint that matches exactly these names (none: matches nothing)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def needs(kind, gpu=True):
    """Resources from `run.needs` for a kind of job, or for the kind that a function of the wildcards returns.

    They grow by what earlier attempts lacked. On CUDA jobs that compute with a model get a GPU.
    """
    kind_of = kind if callable(kind) else lambda wildcards: kind
    need_of = lambda wildcards: settings.run.needs[kind_of(wildcards)]
    on_gpu = lambda wildcards: gpu and settings.run.device == "cuda" and kind_of(wildcards) not in ("transfer", "light")
    return {
        "mem_mb": lambda wildcards, rulename: need_of(wildcards).mem_mb_after(before(rulename, wildcards).memory),
        "runtime": lambda wildcards, rulename: need_of(wildcards).runtime_after(before(rulename, wildcards).time),
        "gpu": lambda wildcards: int(on_gpu(wildcards)),
        "gpu_mem_mb": lambda wildcards: on_gpu(wildcards) and need_of(wildcards).gpu_mem_mb or 0,
    }


def model_kind(wildcards):
    """Making a checkpoint that is pre-trained here counts as training, any other one as transfer."""
    return "training" if settings.checkpoints[wildcards.model].pretrain else "transfer"


def conversion_memory(wildcards, rulename):
    """Memory for the weights as read and as written; if the architecture is not stated, for 3 billion parameters."""
    stated = settings.checkpoints[wildcards.model].architecture
    weights = size_of(stated).bytes / 1e6 if stated else 12_000
    return int(3000 + 2.5 * weights) << before(rulename, wildcards).memory


def dump(section):
    """A section as plain values, for a rule's `params`: only changes of this section rerun the rule."""
    return section.model_dump(mode="json")


# without the English text, which only some jobs read
EVALUATION = settings.evaluation.model_dump(mode="json", exclude={"prose_tokens"})


def problem_settings(wildcards):
    return settings.problems[wildcards.problem]


def base_settings(wildcards):
    """What is edited: the problem's own base model (`base`) or another one, trained on the same data."""
    own = settings.problems[settings.base_of(wildcards.problem)].base
    return own if wildcards.base == "base" else settings.paper.base_models.models[wildcards.base]


def base_task(wildcards):
    return getattr(base_settings(wildcards), "task", None) or problem_settings(wildcards).task


def scope_settings(wildcards):
    return problem_settings(wildcards).scope[wildcards.classifier]


def editor_settings(wildcards):
    return settings.editors[wildcards.editor]


TASK_PARAMS = {
    "task": lambda wildcards: problem_settings(wildcards).task,
    "max_length": lambda wildcards: problem_settings(wildcards).max_length,
}
BASE_PARAMS = {**TASK_PARAMS, "task": base_task}
EDITOR_PARAMS = {
    **TASK_PARAMS,
    "editor": lambda wildcards: dump(editor_settings(wildcards)),
    "edited": lambda wildcards: list(problem_settings(wildcards).edited_matrices),
}


# --- files ---------------------------------------------------------------------------------------
def in_folder(folder, files):
    return [f"{folder}/{file}" for file in files]


def checkpoint_files(name):
    return in_folder(f"{WORLD}/models/{name}", MODEL_FILES)


def problem_files(problem, *files):
    return in_folder(f"{RUN}/problems/{problem}", files)


def base_files(wildcards):
    """The base model that a problem edits, or the one that the rule's wildcard `base` names."""
    name = getattr(wildcards, "base", "base")
    return in_folder(f"{RUN}/models/{settings.base_of(wildcards.problem)}/{name}", MODEL_FILES)


def counterfactual_start(wildcards):
    """Where a counterfactual model's training starts: a checkpoint, or the base model as trained."""
    section = problem_settings(wildcards).counterfactual
    return base_files(wildcards) if section.from_base else checkpoint_files(section.checkpoint)


def reader_files(wildcards):
    """The checkpoint whose tokenizer reads inputs before a scope classifier sees them: the untrained base model."""
    return checkpoint_files(settings.problems[settings.base_of(wildcards.problem)].base.checkpoint)


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


def tuned_editor_files(wildcards):
    """An editor ready to edit: its parts, its base model and the chosen hyperparameters; and the test split."""
    tuned = f"{wildcards.problem}/{wildcards.editor}/k{wildcards.k}/seed{wildcards.seed}"
    return {
        **component_files(wildcards),
        "base": base_files(wildcards),
        "examples": f"{RUN}/problems/{wildcards.problem}/test.jsonl",
        "tuning": f"{RUN}/tuning/{tuned}.json",
    }


def evaluated_classifiers(problem):
    """Scope classifiers of the editors that are evaluated on a problem."""
    compared = settings.paper.scope_classifier
    editors = [*settings.problems[problem].editors, *(compared.editors if problem in compared.problems else ())]
    used = (getattr(settings.editors[editor], "classifier", None) for editor in editors)
    return list(dict.fromkeys(filter(None, used)))


def tuning_settings(wildcards):
    """The tuning protocol with the candidates of one editor only, under the name of its method."""
    method = editor_settings(wildcards).method
    return {
        **dump(settings.tuning),
        "candidates": {method: settings.tuning.candidates[wildcards.editor]},
    }


def prose_tokens(wildcards):
    """Tokens of English text that the base model, and a model after `paper.k` edits, read."""
    main = int(getattr(wildcards, "k", 0)) in (0, settings.paper.k_on(wildcards.problem))
    decodes = problem_settings(wildcards).task in ("causal", "chat")
    return settings.evaluation.prose_tokens if main and decodes else 0


def sources_from(origin):
    return [name for name, source in settings.sources.items() if source.origin == origin]


REBUILT = ("zsre_yn_", "impl_") if settings.sources["zsre"].rebuilt else ()
AS_PUBLISHED = f"(?!{choice(REBUILT)})[^/]+"
"""A wildcard constraint: raw files that are retrieved or copied, not rebuilt here."""


def releases_of(*kinds):
    return [name for name, release in settings.releases.items() if release.kind in kinds]


def sources_released_as(*kinds):
    """Sources that are retrieved from a release of one of these kinds."""
    released = releases_of(*kinds)
    return [name for name in sources_from("retrieve") if settings.sources[name].release in released]


def checkpoints_from(*sources):
    return [name for name, model in settings.checkpoints.items() if model.source in sources]


def checkpoint_corpora(wildcards):
    model = settings.checkpoints[wildcards.model]
    return [file for source in model.corpora for file in corpus_files(source)] if model.source == "generate" else []


def corpus_files(source):
    """Texts that train a tokenizer: all files of a generated source, otherwise those that this run's problems read."""
    if settings.sources[source].origin == "generate":
        return raw_paths(f"{WORLD}/raw", source)
    read = [file for problem in settings.run.problems for file in settings.raw_files(problem)]
    return in_folder(f"{WORLD}/raw", sorted({file for file in read if file.startswith(f"{source}/")}))


def encoder_files(wildcards):
    encoder = problem_settings(wildcards).encoder
    return checkpoint_files(encoder) if encoder else []


# --- bundles -----------------------------------------------------------------------------------------
def bundles():
    """The bundle of this run: of its first problem that is answered in words, the first editor with trained parts."""
    seed = settings.seeds.training[0]
    for problem in settings.run.problems:
        section = settings.problems[problem]
        editors = [name for name in section.editors if settings.editors[name].counterfactual]
        if section.task != "binary" and editors:
            return [f"{RUN}/bundles/{problem}-{editors[0]}-k{settings.paper.k_on(problem)}-seed{seed}/bundle.json"]
    return []


def bundle_licence(wildcards):
    """The project's own and what is stated of the checkpoints that the parts were trained from."""
    section = problem_settings(wildcards)
    scope = section.scope[editor_settings(wildcards).classifier]
    used = dict.fromkeys((scope.checkpoint, section.counterfactual.checkpoint))
    generated = checkpoints_from("generate")
    stated = [
        f"{name}: {settings.checkpoints[name].licence or 'as its package states'}"
        for name in used
        if name not in generated
    ]
    return "; ".join(["MIT", *stated])


def bundle_data(wildcards):
    files = settings.raw_files(wildcards.problem)
    sources = dict.fromkeys(file.partition("/")[0] for file in files)
    read = ", ".join(f"{source} ({settings.sources[source].origin})" for source in sources)
    return f"{wildcards.problem} of the run '{wildcards.run}', from {read}"
