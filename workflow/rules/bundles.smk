"""Trained parts to publish: `make bundle`."""


rule make_bundle:
    input:
        unpack(component_files),
        tuning="results/{run}/tuning/{problem}/{editor}/k{k}/seed{seed}.json",
        outcomes="results/{run}/outcomes/{problem}/{editor}/k{k}/seed{seed}.parquet",
    output:
        [
            f"results/{{run}}/bundles/{{problem}}-{{editor}}-k{{k}}-seed{{seed}}/{file}"
            for file in ("bundle.json", "README.md")
        ],
    log:
        "results/{run}/logs/make_bundle/{problem}/{editor}/k{k}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/evaluation.yaml"
    resources:
        **needs("light", gpu=False),
    params:
        data=bundle_data,
        licence=bundle_licence,
        base=lambda wildcards: settings.problems[settings.base_of(wildcards.problem)].base.checkpoint,
    message:
        "Bundling the parts of {wildcards.editor}, trained on {wildcards.problem}"
    script:
        "../scripts/make_bundle.py"


rule bundle:
    input:
        bundles(),
