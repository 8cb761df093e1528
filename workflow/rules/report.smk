"""What the run was, and its report."""


rule write_config:
    output:
        "results/{run}/config.yaml",
    log:
        "results/{run}/logs/write_config.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        settings=dump(settings),
    message:
        "Writing the configuration of this run beside its results"
    script:
        "../scripts/write_config.py"


rule tabulate_rules:
    input:
        table_files(*TABLES),
        figure_files(*FIGURES),
    output:
        table_outputs("rules", "Run"),
    log:
        "results/{run}/logs/tabulate_rules.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        benchmarks=[f"{folder}/benchmarks" for folder in (WORLD, RUN)],
        rules=lambda wildcards: sorted(rule.name for rule in workflow.rules),
    message:
        "Adding up what every rule took"
    script:
        "../scripts/tabulate_rules.py"


rule write_report:
    input:
        results="results/{run}/results.csv",
        provenance=provenance_file(),
        tables=table_files(*TABLES, "rules"),
        figures=figure_files(*FIGURES),
        sequential_edits=files_of(sequence_courses()) if "sequential_edits" in FIGURES else [],
        threshold=files_of(threshold_outcomes()) if "threshold" in FIGURES else [],
        edit_scope=embedding_file() if "edit_scope" in FIGURES else [],
        errors=error_outcomes() if "errors" in FIGURES else [],
        memory_scaling="results/{run}/memory_scaling.csv",
        training=files_of(histories()),
    output:
        report("results/{run}/REPORT.md", caption="../report/report.rst", category="Run"),
    log:
        "results/{run}/logs/write_report.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        k=settings.paper.k,
        sequential_edits=keys_of(sequence_courses()),
        threshold=keys_of(threshold_outcomes()),
        training=keys_of(histories()),
        batched_problem=settings.paper.batched_edits.problem,
        subjects=item_subjects(),
        seeds=dump(settings.seeds),
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"


rule publish_results:
    input:
        table="results/{run}/tables/main.md",
        provenance=provenance_file(),
        rules="results/{run}/tables/rules.csv",
        config="results/{run}/config.yaml",
        figure="results/{run}/figures/batched_edits.png",
    output:
        touch("results/{run}/published"),
    log:
        "results/{run}/logs/publish_results.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        readme=f"{workflow.basedir}/README.md",
        picture=f"{workflow.basedir}/docs/images/batched_edits.png",
    message:
        "Copying the main table and the figure over the number of edits into the README"
    script:
        "../scripts/publish_results.py"


rule readme:
    input:
        f"{RUN}/published",
