"""Tables, figures and the report, from finished results alone."""


rule write_config:
    output:
        "results/{run}/config.yaml",
    log:
        "logs/{run}/write_config.log",
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        mem_mb=growing("light", "mem_mb"),
        runtime=growing("light", "runtime"),
    params:
        settings=dump(settings),
    message:
        "Writing the configuration of this run beside its results"
    script:
        "../scripts/write_config.py"


rule tabulate_main:
    input:
        results="results/{run}/results.csv",
    output:
        report(
            "results/{run}/tables/main.csv",
            caption="../report/table_main.rst",
            category="Main results",
            labels={"item": "main table", "format": "csv"},
        ),
        "results/{run}/tables/main.md",
        "results/{run}/tables/main.tex",
    log:
        "logs/{run}/tabulate_main.log",
    conda:
        "../../envs/plotting.yaml"
    threads: 1
    resources:
        mem_mb=growing("light", "mem_mb"),
        runtime=growing("light", "runtime"),
    params:
        k=settings.paper.k,
    message:
        "Writing the main table"
    script:
        "../scripts/tabulate_main.py"


rule tables:
    input:
        [table_files(name) for name in TABLES],
        f"{RUN}/results.csv",


rule figures:
    input:
        [figure_files(name) for name in FIGURES],
