"""Pre-trained checkpoints, base models and the base models' answers."""


rule generate_model:
    input:
        checkpoint_corpora,
    output:
        [f"resources/{{world}}/models/{{model}}/{file}" for file in MODEL_FILES],
    log:
        "resources/{world}/logs/generate_model/{model}.log",
    wildcard_constraints:
        model=choice(checkpoints_from("generate", "package", "gguf", "local")),
    conda:
        "../../envs/training.yaml"
    resources:
        **needs(model_kind),
    params:
        checkpoint=lambda wildcards: dump(settings.checkpoints[wildcards.model]),
        seed=settings.world.seed,
        work="resources/{world}/training/{model}",
    message:
        "Creating the checkpoint {wildcards.model}"
    script:
        "../scripts/generate_model.py"


rule retrieve_model:
    output:
        temp(directory("resources/{world}/retrieved/{model}")),
    log:
        "resources/{world}/logs/retrieve_model/{model}.log",
    wildcard_constraints:
        model=choice(checkpoints_from("hub")),
    retries: 3
    localrule: True
    conda:
        "../../envs/retrieval.yaml"
    resources:
        **needs("transfer"),
    params:
        checkpoint=lambda wildcards: dump(settings.checkpoints[wildcards.model]),
        lock=settings.world.lock,
        work="resources/{world}/downloads/{model}",
    message:
        "Retrieving the checkpoint {wildcards.model}"
    script:
        "../scripts/retrieve_model.py"


rule convert_model:
    input:
        "resources/{world}/retrieved/{model}",
    output:
        [f"resources/{{world}}/models/{{model}}/{file}" for file in MODEL_FILES],
    log:
        "resources/{world}/logs/convert_model/{model}.log",
    wildcard_constraints:
        model=choice(checkpoints_from("hub")),
    conda:
        "../../envs/training.yaml"
    resources:
        **{**needs("transfer"), "mem_mb": conversion_memory},
    params:
        checkpoint=lambda wildcards: dump(settings.checkpoints[wildcards.model]),
    message:
        "Converting the checkpoint {wildcards.model} to safetensors"
    script:
        "../scripts/convert_model.py"


rule train_base:
    input:
        checkpoint=lambda wildcards: checkpoint_files(base_settings(wildcards).checkpoint),
        data=[f"results/{{run}}/problems/{{problem}}/{file}" for file in BASE_FILES],
    output:
        [f"results/{{run}}/models/{{problem}}/{{base}}/{file}" for file in (*MODEL_FILES, "history.csv")],
    log:
        "results/{run}/logs/train_base/{problem}/{base}.log",
    retries: settings.run.needs["training"].retries
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("training"),
    params:
        **BASE_PARAMS,
        base=lambda wildcards: base_settings(wildcards).model_dump(mode="json", include={"checkpoint", "train"}),
        seed=settings.seeds.training[0],
        work="results/{run}/training/base/{problem}/{base}",
    message:
        "Training the base model {wildcards.base} of {wildcards.problem}"
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
        "results/{run}/logs/predict_base/{problem}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        **TASK_PARAMS,
        batch_size=settings.evaluation.batch_size,
        generate=settings.evaluation.generated_batches > 0,
        prose=prose_tokens,
        asked={
            "validation": ([settings.tuning.seed], settings.tuning.asked),
            "test": (list(settings.seeds.evaluation), settings.evaluation.asked),
        },
    message:
        "Computing the base model's answers to the validation and test inputs of {wildcards.problem}"
    script:
        "../scripts/predict_base.py"


rule models:
    input:
        [in_folder(f"{RUN}/models/{settings.base_of(problem)}/base", MODEL_FILES) for problem in settings.run.problems],
        [
            in_folder(f"{RUN}/{part}/seed{seed}", files)
            for problem in settings.run.problems
            for seed in settings.seeds.training
            for part, files in [
                (f"counterfactual/{problem}", COUNTERFACTUAL_FILES),
                *((f"scope/{problem}/{name}", SCOPE_FILES) for name in evaluated_classifiers(problem)),
            ]
        ],
