"""Figures, each from finished results alone."""


rule plot_overview:
    output:
        figure_outputs("overview", "Method"),
    log:
        "results/{run}/logs/plot_overview.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    message:
        "Drawing the method"
    script:
        "../scripts/plot_overview.py"


rule plot_batched_edits:
    input:
        results="results/{run}/results.csv",
    output:
        figure_outputs("batched_edits", "Main results"),
    log:
        "results/{run}/logs/plot_batched_edits.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        item=dump(settings.paper.batched_edits),
    message:
        "Drawing the figure over the number of edits"
    script:
        "../scripts/plot_batched_edits.py"


rule plot_edit_scope:
    input:
        space=embedding_file(),
    output:
        figure_outputs("edit_scope", "Analysis"),
    log:
        "results/{run}/logs/plot_edit_scope.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    message:
        "Drawing the classifier's embedding space"
    script:
        "../scripts/plot_edit_scope.py"


rule plot_errors:
    input:
        error_outcomes(),
    output:
        figure_outputs("errors", "Analysis"),
    log:
        "results/{run}/logs/plot_errors.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        examples=settings.paper.errors.examples,
        seed=settings.paper.seed,
    message:
        "Drawing right and wrong predictions"
    script:
        "../scripts/plot_errors.py"


rule plot_sequential_edits:
    input:
        files_of(sequence_courses()),
    output:
        figure_outputs("sequential_edits", "Beyond the paper"),
    log:
        "results/{run}/logs/plot_sequential_edits.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        editors=keys_of(sequence_courses()),
    message:
        "Drawing edits one after another"
    script:
        "../scripts/plot_sequential_edits.py"


rule plot_threshold:
    input:
        files_of(threshold_outcomes()),
    output:
        figure_outputs("threshold", "Beyond the paper"),
    log:
        "results/{run}/logs/plot_threshold.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        editors=keys_of(threshold_outcomes()),
    message:
        "Drawing what the routing threshold decides"
    script:
        "../scripts/plot_threshold.py"


rule plot_per_kind:
    input:
        results="results/{run}/results.csv",
    output:
        figure_outputs("per_kind", "Beyond the paper"),
    log:
        "results/{run}/logs/plot_per_kind.log",
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
        "Drawing edit success by kind of input"
    script:
        "../scripts/plot_per_kind.py"


rule plot_training_curves:
    input:
        files_of(histories()),
    output:
        figure_outputs("training_curves", "Beyond the paper"),
    log:
        "results/{run}/logs/plot_training_curves.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        panels=keys_of(histories()),
    message:
        "Drawing the course of every training"
    script:
        "../scripts/plot_training_curves.py"


rule plot_memory_scaling:
    input:
        scaling="results/{run}/memory_scaling.csv",
    output:
        figure_outputs("memory_scaling", "Beyond the paper"),
    log:
        "results/{run}/logs/plot_memory_scaling.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    message:
        "Drawing memories of growing size"
    script:
        "../scripts/plot_memory_scaling.py"


rule figures:
    input:
        figure_files(*FIGURES),
