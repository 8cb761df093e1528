"""Training SERAC's parts and the learned editors."""


rule train_scope_classifier:
    input:
        checkpoint=lambda wildcards: checkpoint_files(scope_settings(wildcards).checkpoint),
        reader=reader_files,
        data=expand(
            "results/{{run}}/problems/{{problem}}/{split}.jsonl",
            split=("train", "validation"),
        ),
    output:
        [
            f"results/{{run}}/scope/{{problem}}/{{classifier}}/seed{{seed}}/{file}"
            for file in (*SCOPE_FILES, "history.csv")
        ],
    log:
        "results/{run}/logs/train_scope_classifier/{problem}/{classifier}/seed{seed}.log",
    retries: settings.run.needs["training"].retries
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("training"),
    params:
        **TASK_PARAMS,
        scope=lambda wildcards: dump(scope_settings(wildcards)),
        work="results/{run}/training/scope/{problem}/{classifier}/seed{seed}",
    message:
        "Training the scope classifier {wildcards.classifier} of {wildcards.problem}, seed {wildcards.seed}"
    script:
        "../scripts/train_scope_classifier.py"


rule train_counterfactual:
    input:
        checkpoint=counterfactual_start,
        data=expand(
            "results/{{run}}/problems/{{problem}}/{split}.jsonl",
            split=("train", "validation"),
        ),
    output:
        [
            f"results/{{run}}/counterfactual/{{problem}}/seed{{seed}}/{file}"
            for file in (*COUNTERFACTUAL_FILES, "history.csv")
        ],
    log:
        "results/{run}/logs/train_counterfactual/{problem}/seed{seed}.log",
    retries: settings.run.needs["training"].retries
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("training"),
    params:
        **TASK_PARAMS,
        counterfactual=lambda wildcards: dump(problem_settings(wildcards).counterfactual),
        work="results/{run}/training/counterfactual/{problem}/seed{seed}",
    message:
        "Training the counterfactual model of {wildcards.problem}, seed {wildcards.seed}"
    script:
        "../scripts/train_counterfactual.py"


rule train_editor:
    input:
        base=base_files,
        data=expand(
            "results/{{run}}/problems/{{problem}}/{split}.jsonl",
            split=("train", "validation"),
        ),
    output:
        [
            f"results/{{run}}/editors/{{problem}}/{{editor}}/k{{k}}/seed{{seed}}/{file}"
            for file in ("config.json", "model.safetensors", "history.csv")
        ],
    log:
        "results/{run}/logs/train_editor/{problem}/{editor}/k{k}/seed{seed}.log",
    wildcard_constraints:
        editor=choice(name for name, section in settings.editors.items() if section.trained),
    retries: settings.run.needs["training"].retries
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("training"),
    params:
        **TASK_PARAMS,
        editor=lambda wildcards: dump(editor_settings(wildcards)),
        train=lambda wildcards: dump(problem_settings(wildcards).training[wildcards.editor]),
        edited=lambda wildcards: list(problem_settings(wildcards).edited_matrices),
        work="results/{run}/training/editors/{problem}/{editor}/k{k}/seed{seed}",
    message:
        "Training {wildcards.editor} for {wildcards.k} edits on {wildcards.problem}, seed {wildcards.seed}"
    script:
        "../scripts/train_editor.py"
