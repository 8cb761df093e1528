"""Editors on the test split, and all outcomes in one table."""


rule evaluate_editor:
    input:
        unpack(component_files),
        base=base_files,
        examples="results/{run}/problems/{problem}/test.jsonl",
        base_outputs="results/{run}/base_outputs/{problem}/test.safetensors",
        tuning="results/{run}/tuning/{problem}/{editor}/k{k}/seed{seed}.json",
    output:
        outcomes="results/{run}/outcomes/{problem}/{editor}/k{k}/seed{seed}.parquet",
        provenance="results/{run}/outcomes/{problem}/{editor}/k{k}/seed{seed}.json",
    log:
        "logs/{run}/evaluate_editor/{problem}/{editor}/k{k}/seed{seed}.log",
    benchmark:
        "benchmarks/{run}/evaluate_editor/{problem}/{editor}/k{k}/seed{seed}.tsv"
    retries: 1
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing("evaluation", "mem_mb"),
        runtime=growing("evaluation", "runtime"),
        gpu=gpus(),
    params:
        editor=lambda wildcards: dump(editor_settings(wildcards)),
        edited=lambda wildcards: list(problem_settings(wildcards).edited_matrices),
        evaluation=dump(settings.evaluation),
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
        task=lambda wildcards: problem_settings(wildcards).task,
        max_length=lambda wildcards: problem_settings(wildcards).max_length,
    message:
        "Evaluating {wildcards.editor} with {wildcards.k} edits on {wildcards.problem}, training seed {wildcards.seed}"
    script:
        "../scripts/evaluate_editor.py"


rule aggregate_results:
    input:
        all_outcomes,
    output:
        "results/{run}/results.csv",
    log:
        "logs/{run}/aggregate_results.log",
    benchmark:
        "benchmarks/{run}/aggregate_results.tsv"
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing("light", "mem_mb"),
        runtime=growing("light", "runtime"),
    params:
        bootstrap=dump(settings.bootstrap),
    message:
        "Gathering all outcomes in one table"
    script:
        "../scripts/aggregate_results.py"
