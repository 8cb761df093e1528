"""Raw files in the sources' native formats: generated, copied from a local folder, or retrieved."""

if sources_from("generate"):

    rule generate_world:
        output:
            raw_paths(f"{WORLD}/raw", *sources_from("generate")),
        log:
            f"{WORLD}/logs/generate_world.log",
        conda:
            "../../envs/evaluation.yaml"
        resources:
            **needs("light"),
        params:
            world=dump(settings.world),
        message:
            "Generating the raw files of a miniature world"
        script:
            "../scripts/generate_world.py"


rule write_facts:
    output:
        "resources/{world}/raw/facts/facts.jsonl",
    log:
        "resources/{world}/logs/write_facts.log",
    wildcard_constraints:
        world=choice([settings.world.name] if "facts" in sources_from("included") else []),
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("light"),
    message:
        "Writing the facts that are included in this package"
    script:
        "../scripts/write_facts.py"


rule copy_source_file:
    output:
        "resources/{world}/raw/{source}/{file}",
    log:
        "resources/{world}/logs/copy_source_file/{source}/{file}.log",
    wildcard_constraints:
        source=choice(sources_from("local")),
        file=AS_PUBLISHED,
    localrule: True
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("transfer"),
    params:
        source=lambda wildcards: dump(settings.sources[wildcards.source]),
    message:
        "Copying {wildcards.file} of {wildcards.source} from a local folder"
    script:
        "../scripts/copy_source_file.py"


rule retrieve_archive:
    output:
        "resources/{world}/downloads/{release}.archive",
    log:
        "resources/{world}/logs/retrieve_archive/{release}.log",
    wildcard_constraints:
        release=choice(releases_of("archive")),
    retries: 3
    localrule: True
    conda:
        "../../envs/retrieval.yaml"
    resources:
        **needs("transfer"),
    params:
        release=lambda wildcards: dump(settings.releases[wildcards.release]),
        lock=settings.world.lock,
        work="resources/{world}/downloads/{release}",
    message:
        "Retrieving the archive of the release {wildcards.release}"
    script:
        "../scripts/retrieve_archive.py"


rule extract_source_file:
    input:
        lambda wildcards: f"{WORLD}/downloads/{settings.sources[wildcards.source].release}.archive",
    output:
        "resources/{world}/raw/{source}/{file}",
    log:
        "resources/{world}/logs/extract_source_file/{source}/{file}.log",
    wildcard_constraints:
        source=choice(sources_released_as("archive")),
        file=AS_PUBLISHED,
    conda:
        "../../envs/retrieval.yaml"
    resources:
        **needs("transfer"),
    params:
        source=lambda wildcards: dump(settings.sources[wildcards.source]),
    message:
        "Extracting {wildcards.file} of {wildcards.source} from its archive"
    script:
        "../scripts/extract_source_file.py"


rule retrieve_source_file:
    output:
        "resources/{world}/raw/{source}/{file}",
    log:
        "resources/{world}/logs/retrieve_source_file/{source}/{file}.log",
    wildcard_constraints:
        source=choice(sources_released_as("files", "dataset", "manual")),
        file=AS_PUBLISHED,
    retries: 3
    localrule: True
    conda:
        "../../envs/retrieval.yaml"
    resources:
        **needs("transfer"),
    params:
        release=lambda wildcards: dump(settings.releases[settings.sources[wildcards.source].release]),
        source=lambda wildcards: dump(settings.sources[wildcards.source]),
        lock=settings.world.lock,
        work="resources/{world}/downloads/{source}",
    message:
        "Retrieving {wildcards.file} of {wildcards.source}"
    script:
        "../scripts/retrieve_source_file.py"


if settings.sources["zsre"].rebuilt:

    rule rebuild_statements:
        input:
            "resources/{world}/raw/zsre/structured_zeroshot-{part}-new_annotated_final.jsonl",
        output:
            statements="resources/{world}/raw/zsre/zsre_yn_{part}.txt",
            implications="resources/{world}/raw/zsre/impl_{part}.json",
            report="resources/{world}/raw/zsre/rebuilt_{part}.json",
        log:
            "resources/{world}/logs/rebuild_statements/{part}.log",
        conda:
            "../../envs/evaluation.yaml"
        resources:
            **needs("transfer"),
        message:
            "Rebuilding statements and implications of zsRE's {wildcards.part} file from its questions"
        script:
            "../scripts/rebuild_statements.py"


if "convsent" in sources_from("sample"):

    include: "sampling.smk"


rule data:
    input:
        [problem_files(problem, *EDIT_FILES) for problem in settings.run.problems],
