"""ConvSent rebuilt from raw: topics, completions sampled in batches of topics, one native file for each part."""

SAMPLING = settings.sources["convsent"].sampling


rule choose_topics:
    input:
        questions="resources/{world}/raw/zsre/structured_zeroshot-train-new_annotated_final.jsonl",
        phrases=SAMPLING.phrases or [],
    output:
        topics="resources/{world}/opinions/topics.json",
        report="resources/{world}/opinions/topics_report.json",
    log:
        "resources/{world}/logs/choose_topics.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("light"),
    params:
        counts=dict(SAMPLING.topics),
        seed=SAMPLING.seed,
    message:
        "Choosing topics among the subjects of zsRE"
    script:
        "../scripts/choose_topics.py"


rule sample_opinions:
    input:
        topics="resources/{world}/opinions/topics.json",
        generator=checkpoint_files(SAMPLING.generator),
        classifier=checkpoint_files(SAMPLING.classifier),
    output:
        "resources/{world}/opinions/{part}-{batch}.jsonl",
    log:
        "resources/{world}/logs/sample_opinions/{part}-{batch}.log",
    wildcard_constraints:
        part=choice(SAMPLING.topics),
        batch=r"\d+",
    retries: settings.run.needs["evaluation"].retries
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("evaluation"),
    params:
        sampling=dump(SAMPLING),
        work="resources/{world}/opinions/unfinished/{part}-{batch}",
    message:
        "Sampling completions about batch {wildcards.batch} of the topics of {wildcards.part}"
    script:
        "../scripts/sample_opinions.py"


rule gather_opinions:
    input:
        lambda wildcards: [
            f"{WORLD}/opinions/{wildcards.part}-{batch}.jsonl"
            for batch in range(-(-SAMPLING.topics[wildcards.part] // SAMPLING.topics_per_job))
        ],
    output:
        opinions="resources/{world}/raw/convsent/blender_{part}.json",
        report="resources/{world}/raw/convsent/sampled_{part}.json",
    log:
        "resources/{world}/logs/gather_opinions/{part}.log",
    wildcard_constraints:
        part=choice(SAMPLING.topics),
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("transfer"),
    message:
        "Collecting the sampled completions of {wildcards.part}"
    script:
        "../scripts/gather_opinions.py"
