"""Functions of the tables and figures: which there are and what they are made of."""

from snakemake.io import report as in_report


def run_problems(*names):
    return [name for name in names if name in settings.run.problems]


def main_editors():
    return list(dict.fromkeys(name for problem in settings.run.problems for name in settings.problems[problem].editors))


def main_outcomes():
    return [
        path
        for problem in settings.run.problems
        for path in outcome_files(problem, settings.problems[problem].editors, settings.paper.k)
    ]


def provenance_file():
    """Outcomes whose record of provenance tells what the main table was made with."""
    return main_outcomes()[0]


def batched_outcomes():
    item = settings.paper.batched_edits
    return [
        path
        for problem in run_problems(item.problem)
        for k in item.ks
        for path in outcome_files(problem, item.editors, k)
    ]


def classifier_outcomes():
    item = settings.paper.scope_classifier
    return [
        path
        for problem in run_problems(*item.problems)
        for path in outcome_files(problem, item.editors, settings.paper.k)
    ]


def all_outcomes(wildcards):
    """Outcomes of the main table, of the figure over k and of the table of scope classifiers."""
    return list(dict.fromkeys([*main_outcomes(), *batched_outcomes(), *classifier_outcomes()]))


def base_model_outcomes():
    """Outcomes of one SERAC by base model, its own first."""
    item = settings.paper.base_models
    return {
        name: [
            path
            for problem in run_problems(*item.problems)
            for path in per_seed(f"{RUN}/base_models/{name}", problem, [item.editor], settings.paper.k, "parquet")
        ]
        for name in ("base", *item.models)
    }


def item_files(analysis, problem, editors, suffix):
    """Files of one analysis by editor."""
    folder, k = f"{RUN}/{analysis}", settings.paper.k
    return {editor: per_seed(folder, problem, [editor], k, suffix) for editor in editors}


def component_outcomes():
    item = settings.paper.components
    return item_files("components", item.problem, item.editors, "parquet")


def threshold_outcomes():
    item = settings.paper.threshold
    return item_files("threshold", item.problem, item.editors, "parquet")


def sequence_courses():
    item = settings.paper.sequential_edits
    return item_files("sequences", item.problem, item.editors, "csv")


def cost_files():
    """One measurement a problem, of the first training seed."""
    item = settings.paper.cost
    return {
        problem: per_seed(f"{RUN}/cost", problem, [item.editors[problem]], settings.paper.k, "json")[:1]
        for problem in run_problems(*item.editors)
    }


def cost_parts():
    """By problem what is measured: the editor, its classifier's checkpoint and its counterfactual model's."""
    parts = {}
    for problem in cost_files():
        name, section = settings.paper.cost.editors[problem], settings.problems[problem]
        classifier = section.scope[settings.editors[name].classifier]
        parts[problem] = [name, classifier.checkpoint, section.counterfactual.checkpoint]
    return parts


def embedding_file():
    item = settings.paper.edit_scope
    return per_seed(f"{RUN}/embedding_space", item.problem, [item.editor], settings.paper.k, "parquet")[:1]


def error_outcomes():
    item = settings.paper.errors
    return outcome_files(item.problem, [item.editor], settings.paper.k)


def item_subjects():
    """The problem of an item, and its editor where it has one."""
    items = {name: getattr(settings.paper, name) for name in ("errors", "edit_scope")}
    subjects = {name: [item.problem, item.editor] for name, item in items.items()}
    several = ("batched_edits", "components", "sequential_edits", "threshold")
    return subjects | {name: [getattr(settings.paper, name).problem] for name in several}


def histories():
    """Training histories by problem and what was trained."""
    files = {}
    for problem in settings.run.problems:
        section = settings.problems[problem]
        if section.base and section.base.train:
            files[problem, "base model"] = [f"{RUN}/models/{problem}/base/history.csv"]
        used = [settings.editors[editor] for editor in section.editors]
        classifiers = dict.fromkeys(part for editor in used if (part := getattr(editor, "classifier", None)))
        folders = {f"{classifier} classifier": f"{RUN}/scope/{problem}/{classifier}" for classifier in classifiers}
        if any(editor.counterfactual for editor in used):
            folders["counterfactual"] = f"{RUN}/counterfactual/{problem}"
        for name in section.editors:
            if settings.editors[name].trained:
                folders[name] = f"{RUN}/editors/{problem}/{name}/k{settings.paper.k}"
        for name, folder in folders.items():
            files[problem, name] = [f"{folder}/seed{seed}/history.csv" for seed in evaluated_seeds()]
    return files


def keys_of(groups):
    """The key of every file, in the order of :func:`files_of`; JSON has no tuples."""
    return [list(key) if isinstance(key, tuple) else key for key, files in groups.items() for _ in files]


def files_of(groups):
    return [file for files in groups.values() for file in files]


def shown(items):
    """Names of the items whose problems are run."""
    return [name for name, problems in items.items() if all(problem in settings.run.problems for problem in problems)]


def table_outputs(name, category):
    """The three files of a table, the first one in the report."""
    labels = {"table": name.replace("_", " ")}
    first = in_report(
        f"results/{{run}}/tables/{name}.csv", caption=f"../report/{name}.rst", category=category, labels=labels
    )
    return [first, f"results/{{run}}/tables/{name}.md", f"results/{{run}}/tables/{name}.tex"]


def figure_outputs(name, category):
    """The two files of a figure, both in the report."""
    return [
        in_report(
            f"results/{{run}}/figures/{name}.{kind}",
            caption=f"../report/{name}.rst",
            category=category,
            labels={"figure": name.replace("_", " "), "format": kind},
        )
        for kind in ("pdf", "png")
    ]


def table_files(*names):
    return [f"{RUN}/tables/{name}.{kind}" for name in names for kind in ("csv", "md", "tex")]


def figure_files(*names):
    return [f"{RUN}/figures/{name}.{kind}" for name in names for kind in ("pdf", "png")]


PAPER = settings.paper
TABLES = shown(
    {
        "examples": [],
        "main": [],
        "components": [PAPER.components.problem],
        "scope_classifier": PAPER.scope_classifier.problems,
        "base_models": PAPER.base_models.problems if PAPER.base_models.models else ["none"],
        "cost": [],
    }
)
FIGURES = shown(
    {
        "overview": [],
        "batched_edits": [PAPER.batched_edits.problem],
        "edit_scope": [PAPER.edit_scope.problem],
        "errors": [PAPER.errors.problem],
        "sequential_edits": [PAPER.sequential_edits.problem],
        "threshold": [PAPER.threshold.problem],
        "per_kind": [],
        "training_curves": [],
        "memory_scaling": [],
    }
)
