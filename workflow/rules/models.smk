"""Pre-trained checkpoints, base models and what base models say."""


rule generate_model:
    input:
        checkpoint_corpora,
    output:
        [f"resources/{{world}}/models/{{model}}/{file}" for file in MODEL_FILES],
    log:
        "logs/{world}/generate_model/{model}.log",
    benchmark:
        "benchmarks/{world}/generate_model/{model}.tsv"
    wildcard_constraints:
        model=choice(checkpoints_from("generate", "package", "local")),
    retries: 1
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=growing("training", "mem_mb"),
        runtime=growing("training", "runtime"),
        gpu=gpus(),
    params:
        checkpoint=lambda wildcards: dump(settings.checkpoints[wildcards.model]),
        seed=settings.world.seed,
        work="resources/{world}/training/{model}",
    message:
        "Making the checkpoint {wildcards.model}"
    script:
        "../scripts/generate_model.py"


rule retrieve_model:
    output:
        [f"resources/{{world}}/models/{{model}}/{file}" for file in MODEL_FILES],
    log:
        "logs/{world}/retrieve_model/{model}.log",
    wildcard_constraints:
        model=choice(checkpoints_from("hub")),
    retries: 3
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=growing("light", "mem_mb"),
        runtime=growing("light", "runtime"),
    params:
        checkpoint=lambda wildcards: dump(settings.checkpoints[wildcards.model]),
    message:
        "Retrieving the checkpoint {wildcards.model}"
    script:
        "../scripts/retrieve_model.py"


rule train_base:
    input:
        checkpoint=lambda wildcards: checkpoint_files(
            problem_settings(wildcards).base.checkpoint
        ),
        data=[f"results/{{run}}/problems/{{problem}}/{file}" for file in BASE_FILES],
    output:
        [
            f"results/{{run}}/models/{{problem}}/base/{file}"
            for file in (*MODEL_FILES, "history.csv")
        ],
    log:
        "logs/{run}/train_base/{problem}.log",
    benchmark:
        "benchmarks/{run}/train_base/{problem}.tsv"
    retries: 1
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=growing("training", "mem_mb"),
        runtime=growing("training", "runtime"),
        gpu=gpus(),
    params:
        base=lambda wildcards: dump(problem_settings(wildcards).base),
        task=lambda wildcards: problem_settings(wildcards).task,
        max_length=lambda wildcards: problem_settings(wildcards).max_length,
        seed=settings.seeds.training[0],
        work="results/{run}/training/base/{problem}",
    message:
        "Training the base model of {wildcards.problem}"
    script:
        "../scripts/train_base.py"


rule predict_base:
    input:
        base=base_files,
        examples=expand(
            "results/{{run}}/problems/{{problem}}/{split}.jsonl",
            split=("validation", "test"),
        ),
    output:
        expand(
            "results/{{run}}/base_outputs/{{problem}}/{split}.safetensors",
            split=("validation", "test"),
        ),
    log:
        "logs/{run}/predict_base/{problem}.log",
    benchmark:
        "benchmarks/{run}/predict_base/{problem}.tsv"
    retries: 1
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        mem_mb=growing("evaluation", "mem_mb"),
        runtime=growing("evaluation", "runtime"),
        gpu=gpus(),
    params:
        task=lambda wildcards: problem_settings(wildcards).task,
        max_length=lambda wildcards: problem_settings(wildcards).max_length,
        batch_size=settings.evaluation.batch_size,
        generate=settings.evaluation.generated_batches > 0,
    message:
        "Asking the base model of {wildcards.problem} about the validation and test inputs"
    script:
        "../scripts/predict_base.py"


rule models:
    input:
        [
            in_folder(f"{RUN}/models/{settings.base_of(problem)}/base", MODEL_FILES)
            for problem in settings.run.problems
        ],
        [
            in_folder(f"{RUN}/{part}/seed{seed}", MODEL_FILES)
            for problem in settings.run.problems
            for seed in settings.seeds.training
            for part in [
                f"counterfactual/{problem}",
                *(
                    f"scope/{problem}/{name}"
                    for name in settings.problems[problem].scope
                ),
            ]
        ],
