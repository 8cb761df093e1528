"""Evaluation on the test split: editors, tuned on the validation split, and the base model without any edit."""


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
    resources:
        **needs("evaluation"),
    params:
        **EDITOR_PARAMS,
        tuning=tuning_settings,
        evaluation=EVALUATION,
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
        prose=prose_tokens,
    message:
        "Tuning and evaluating {wildcards.editor} with {wildcards.k} edits on {wildcards.problem}, training seed {wildcards.seed}"
    script:
        "../scripts/evaluate_editor.py"


rule evaluate_no_edit:
    input:
        base=base_files,
        examples="results/{run}/problems/{problem}/test.jsonl",
        base_outputs="results/{run}/base_outputs/{problem}/test.safetensors",
    output:
        "results/{run}/outcomes/{problem}/no_edit/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/evaluate_no_edit/{problem}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("evaluation"),
    params:
        **TASK_PARAMS,
        evaluation=EVALUATION,
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
    message:
        "Scoring the base model of {wildcards.problem} without any edit"
    script:
        "../scripts/evaluate_no_edit.py"
