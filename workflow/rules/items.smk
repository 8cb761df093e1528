"""Tables and figures: one rule for each registered item, from its own declaration."""

for name in SHOWN:

    rule:
        name:
            f"make_{name}"
        input:
            item_inputs(name),
        output:
            item_outputs(name),
            record=record_file(RUN, name),
        log:
            f"{RUN}/logs/make_{name}.log",
        localrule: True
        conda:
            "../../envs/plotting.yaml"
        resources:
            **needs("light"),
        params:
            item=name,
            made_of=VALUES[name],
            caption=VALUES[name]["caption"],
            rules=sorted(rule.name for rule in workflow.rules) if ITEMS[name].about_run else [],
        message:
            f"Making the {ITEMS[name].form} {name}"
        script:
            "../scripts/make_item.py"


rule aggregate_results:
    input:
        OUTCOMES,
    output:
        "results/{run}/results.csv",
    log:
        "results/{run}/logs/aggregate_results.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("light"),
    params:
        bootstrap=dump(settings.bootstrap),
    message:
        "Collecting all outcomes in one table"
    script:
        "../scripts/aggregate_results.py"


rule tables:
    input:
        [ITEMS[name].files(RUN, name) for name in SHOWN if ITEMS[name].form == "table"],
        f"{RUN}/results.csv",


rule figures:
    input:
        [ITEMS[name].files(RUN, name) for name in SHOWN if ITEMS[name].form == "figure"],
