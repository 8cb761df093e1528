"""Raw files in the sources' native formats: generated, copied from a local folder, or retrieved."""

if sources_from("generate"):

    rule generate_world:
        output:
            raw_paths(f"{WORLD}/raw", *sources_from("generate")),
        log:
            f"{WORLD}/logs/generate_world.log",
        conda:
            "../../envs/evaluation.yaml"
        threads: 1
        resources:
            **needs("light"),
        params:
            world=dump(settings.world),
        message:
            "Generating the raw files of a miniature world"
        script:
            "../scripts/generate_world.py"


rule copy_source_file:
    output:
        "resources/{world}/raw/{source}/{file}",
    log:
        "resources/{world}/logs/copy_source_file/{source}/{file}.log",
    wildcard_constraints:
        source=choice(sources_from("local")),
    localrule: True
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        source=lambda wildcards: dump(settings.sources[wildcards.source]),
    message:
        "Copying {wildcards.file} of {wildcards.source} from a local folder"
    script:
        "../scripts/copy_source_file.py"


rule retrieve_source_file:
    output:
        "resources/{world}/raw/{source}/{file}",
    log:
        "resources/{world}/logs/retrieve_source_file/{source}/{file}.log",
    wildcard_constraints:
        source=choice(sources_from("retrieve")),
    retries: 3
    localrule: True
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        url=lambda wildcards: settings.sources[wildcards.source].url,
    message:
        "Retrieving {wildcards.file} of {wildcards.source}"
    script:
        "../scripts/retrieve_source_file.py"


rule data:
    input:
        [problem_files(problem, *EDIT_FILES) for problem in settings.run.problems],
