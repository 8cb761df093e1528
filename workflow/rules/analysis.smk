"""Measurements of single editors on the test split, for tables and figures."""


rule evaluate_components:
    input:
        unpack(tuned_editor_files),
    output:
        "results/{run}/components/{problem}/{editor}/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/evaluate_components/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        **EDITOR_PARAMS,
        batch_size=settings.evaluation.batch_size,
        asked=lambda wildcards: (settings.seeds.evaluated_with(int(wildcards.seed)), settings.evaluation.asked),
    message:
        "Evaluating the components of {wildcards.editor} on {wildcards.problem}"
    script:
        "../scripts/evaluate_components.py"


rule measure_routing:
    input:
        scope=[f"results/{{run}}/scope/paraphrases/{{classifier}}/seed{{seed}}/{file}" for file in SCOPE_FILES],
        examples=[f"results/{{run}}/problems/paraphrases/{file}" for file in EDIT_FILES],
    output:
        "results/{run}/routing/{classifier}/seed{seed}.csv",
    log:
        "results/{run}/logs/measure_routing/{classifier}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("evaluation"),
    params:
        routing=dump(settings.paper.real_text),
    message:
        "Measuring the routing of real text with the scope classifier {wildcards.classifier}, seed {wildcards.seed}"
    script:
        "../scripts/measure_routing.py"


rule evaluate_threshold:
    input:
        unpack(tuned_editor_files),
        base_outputs="results/{run}/base_outputs/{problem}/test.safetensors",
    output:
        "results/{run}/threshold/{problem}/{editor}/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/evaluate_threshold/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        **EDITOR_PARAMS,
        evaluation=EVALUATION,
        # the curves have no intervals: the edit batches of one evaluation seed are enough
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed)))[:1],
    message:
        "Scoring inputs with and without routing for {wildcards.editor} on {wildcards.problem}"
    script:
        "../scripts/evaluate_threshold.py"


rule evaluate_sequence:
    input:
        unpack(tuned_editor_files),
        base_outputs="results/{run}/base_outputs/{problem}/test.safetensors",
    output:
        "results/{run}/sequences/{problem}/{editor}/k{k}/seed{seed}.csv",
    log:
        "results/{run}/logs/evaluate_sequence/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("evaluation"),
    params:
        **EDITOR_PARAMS,
        sequential=settings.paper.sequential_edits.model_dump(mode="json", exclude={"problem", "editors"}),
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
    message:
        "Evaluating sequential edits by {wildcards.editor} on {wildcards.problem}"
    script:
        "../scripts/evaluate_sequence.py"


rule embed_edits:
    input:
        unpack(tuned_editor_files),
    output:
        "results/{run}/embedding_space/{problem}/{editor}/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/embed_edits/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        **EDITOR_PARAMS,
        edits=settings.paper.edit_scope.edits,
        inputs=settings.paper.edit_scope.inputs,
        seed=settings.paper.seed,
    message:
        "Embedding edits with {wildcards.editor} on {wildcards.problem}"
    script:
        "../scripts/embed_edits.py"


rule measure_cost:
    input:
        unpack(tuned_editor_files),
    output:
        "results/{run}/cost/{problem}/{editor}/k{k}/seed{seed}.json",
    log:
        "results/{run}/logs/measure_cost/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        **EDITOR_PARAMS,
        cost=settings.paper.cost.model_dump(mode="json", exclude={"editors"}),
    message:
        "Measuring the cost of a forward pass of {wildcards.editor} on {wildcards.problem}"
    script:
        "../scripts/measure_cost.py"


rule evaluate_base_model:
    input:
        unpack(tuned_editor_files),
    output:
        "results/{run}/base_models/{base}/{problem}/{editor}/k{k}/seed{seed}.parquet",
    log:
        "results/{run}/logs/evaluate_base_model/{base}/{problem}/{editor}/k{k}/seed{seed}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("evaluation"),
    params:
        **{**EDITOR_PARAMS, "task": base_task},
        evaluation=EVALUATION,
        seeds=lambda wildcards: list(settings.seeds.evaluated_with(int(wildcards.seed))),
    message:
        "Evaluating {wildcards.editor} on {wildcards.problem} with the base model {wildcards.base}"
    script:
        "../scripts/evaluate_base_model.py"


rule measure_memory_scaling:
    input:
        program=f"{ROOT}/benchmarks/memory_scaling.py",
        parts=expand(f"{ROOT}/benchmarks/{{part}}.py", part=("measuring", "random_models", "reference_way")),
    output:
        measured="results/{run}/memory_scaling_measured.csv",
        scaling="results/{run}/memory_scaling.csv",
    log:
        "results/{run}/logs/measure_memory_scaling.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement", gpu=False),
    params:
        item=dump(settings.paper.memory_scaling),
    message:
        "Measuring latency with memories of growing size"
    script:
        "../scripts/measure_memory_scaling.py"


rule measure_large_memory:
    input:
        embed=in_folder("results/{run}/scope/{problem}/{embed}/seed{seed}", SCOPE_FILES),
        cross=in_folder("results/{run}/scope/{problem}/{cross}/seed{seed}", SCOPE_FILES),
    output:
        "results/{run}/large_memory/{problem}/{embed}_{cross}/seed{seed}.csv",
    log:
        "results/{run}/logs/measure_large_memory/{problem}/{embed}_{cross}/seed{seed}.log",
    wildcard_constraints:
        embed=re.escape(settings.paper.large_memory.embed),
        cross=re.escape(settings.paper.large_memory.cross),
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("measurement"),
    params:
        settings=settings.paper.large_memory.model_dump(mode="json", exclude={"problem", "embed", "cross"}),
        seed=settings.paper.seed,
        work="results/{run}/training/large_memory/{problem}/{embed}_{cross}/seed{seed}",
    message:
        "Filling large memories and searching them with the scope classifiers of {wildcards.problem}"
    script:
        "../scripts/measure_large_memory.py"
