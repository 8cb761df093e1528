"""From raw records to edit examples, one record type for all problems."""


rule prepare_problem:
    input:
        raw=lambda wildcards: in_folder(f"{WORLD}/raw", settings.raw_files(wildcards.problem)),
        encoder=encoder_files,
    output:
        edits=[f"results/{{run}}/problems/{{problem}}/{file}" for file in EDIT_FILES],
        base=[f"results/{{run}}/problems/{{problem}}/{file}" for file in BASE_FILES],
        report="results/{run}/problems/{problem}/report.json",
    log:
        "results/{run}/logs/prepare_problem/{problem}.log",
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("light"),
    params:
        data=lambda wildcards: dump(problem_settings(wildcards).data),
        seed=lambda wildcards: problem_settings(wildcards).seed,
    message:
        "Preparing the edit examples of {wildcards.problem}"
    script:
        "../scripts/prepare_problem.py"
