"""Tables, each from finished results alone."""


rule tabulate_examples:
    input:
        [f"{RUN}/problems/{problem}/test.jsonl" for problem in settings.run.problems],
    output:
        table_outputs("examples", "Method"),
    log:
        "results/{run}/logs/tabulate_examples.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        problems=list(settings.run.problems),
        seed=settings.paper.seed,
    message:
        "Writing the table of examples"
    script:
        "../scripts/tabulate_examples.py"


rule tabulate_main:
    input:
        results="results/{run}/results.csv",
    output:
        table_outputs("main", "Main results"),
    log:
        "results/{run}/logs/tabulate_main.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        k=settings.paper.k,
        editors=main_editors(),
    message:
        "Writing the main table"
    script:
        "../scripts/tabulate_main.py"


rule tabulate_components:
    input:
        files_of(component_outcomes()),
    output:
        table_outputs("components", "Analysis"),
    log:
        "results/{run}/logs/tabulate_components.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        editors=keys_of(component_outcomes()),
        problem=settings.paper.components.problem,
    message:
        "Writing the table of components"
    script:
        "../scripts/tabulate_components.py"


rule tabulate_scope_classifier:
    input:
        results="results/{run}/results.csv",
    output:
        table_outputs("scope_classifier", "Analysis"),
    log:
        "results/{run}/logs/tabulate_scope_classifier.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        k=settings.paper.k,
        problems=list(settings.paper.scope_classifier.problems),
        editors=settings.paper.scope_classifier.editors,
    message:
        "Writing the table of scope classifiers"
    script:
        "../scripts/tabulate_scope_classifier.py"


rule tabulate_base_models:
    input:
        results="results/{run}/base_models.csv",
    output:
        table_outputs("base_models", "Main results"),
    log:
        "results/{run}/logs/tabulate_base_models.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        k=settings.paper.k,
        names={
            "base": settings.paper.base_models.title,
            **{name: model.title for name, model in settings.paper.base_models.models.items()},
        },
    message:
        "Writing the table of base models"
    script:
        "../scripts/tabulate_base_models.py"


rule tabulate_cost:
    input:
        files_of(cost_files()),
    output:
        table_outputs("cost", "Main results"),
    log:
        "results/{run}/logs/tabulate_cost.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        parts=cost_parts(),
    message:
        "Writing the table of costs"
    script:
        "../scripts/tabulate_cost.py"


rule tables:
    input:
        table_files(*TABLES),
        f"{RUN}/results.csv",
