"""The run's configuration and its report."""


rule write_config:
    output:
        "results/{run}/config.yaml",
    log:
        "results/{run}/logs/write_config.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    resources:
        **needs("light"),
    params:
        settings=dump(settings),
    message:
        "Writing the run's configuration"
    script:
        "../scripts/write_config.py"


rule write_report:
    input:
        records=[record_file(RUN, name) for name in SHOWN],
        shown=[file for name in SHOWN for file in ITEMS[name].files(RUN, name) if file.endswith((".md", ".png"))],
    output:
        report=report("results/{run}/REPORT.md", caption="../report/report.rst", category="Run"),
        claims=report("results/{run}/claims.csv", caption="../report/report.rst", category="Run"),
    log:
        "results/{run}/logs/write_report.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    resources:
        **needs("light"),
    params:
        confidence=settings.bootstrap.confidence,
        seeds=dump(settings.seeds),
    message:
        "Writing the claims and the report"
    script:
        "../scripts/write_report.py"


rule publish_results:
    input:
        tables=[f"results/{{run}}/tables/{table}.md" for table in settings.paper.published.tables],
        records=[record_file(RUN, name) for name in SHOWN],
        config="results/{run}/config.yaml",
        figure="results/{run}/figures/batched_edits.png",
    output:
        touch("results/{run}/published"),
    log:
        "results/{run}/logs/publish_results.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    resources:
        **needs("light"),
    params:
        page=f"{ROOT}/{settings.paper.published.page}",
        picture=f"{ROOT}/{settings.paper.published.picture}",
    message:
        f"Copying tables and the figure of batched edits into {settings.paper.published.page}"
    script:
        "../scripts/publish_results.py"


rule readme:
    input:
        f"{RUN}/published",
