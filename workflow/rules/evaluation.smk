"""Editors, tuned on the validation split, on the test split; and all outcomes in one table."""


rule evaluate_editor:
    input:
        unpack(component_files),
        base=base_files,
        validation="results/{run}/problems/{problem}/validation.jsonl",
        validation_outputs="results/{run}/base_outputs/{problem}/validation.safetensors",
        examples="results/{run}/problems/{problem}/test.jsonl",
        base_outputs="results/{run}/base_outputs/{problem}/test.safetensors",
    output:
        tuning="results/{run}/tuning/{problem}/{editor}/k{k}/seed{seed}.json",
        outcomes="results/{run}/outcomes/{problem}/{editor}/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/evaluate_editor/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        **needs("evaluation"),
    params:
        **EDITOR_PARAMS,
        tuning=tuning_settings,
        evaluation=dump(settings.evaluation),
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
    message:
        "Tuning and evaluating {wildcards.editor} with {wildcards.k} edits on {wildcards.problem}, training seed {wildcards.seed}"
    script:
        "../scripts/evaluate_editor.py"


rule aggregate_results:
    input:
        all_outcomes,
    output:
        "results/{run}/results.csv",
    log:
        "results/{run}/logs/aggregate_results.log",
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        bootstrap=dump(settings.bootstrap),
    message:
        "Gathering all outcomes in one table"
    script:
        "../scripts/aggregate_results.py"
