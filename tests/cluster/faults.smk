"""Tiny jobs for the faults; names of the project's rules get from the profile what the profile gives to those rules."""


rule fit_on_cpu:
    output:
        "cpu/{name}.safetensors",
    log:
        "logs/fit_on_cpu/{name}.log",
    benchmark:
        "benchmarks/fit_on_cpu/{name}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        work="training/cpu/{name}",
    script:
        "fit.py"


use rule fit_on_cpu as train_base with:
    output:
        "gpu/{name}.safetensors",
    log:
        "logs/train_base/{name}.log",
    benchmark:
        "benchmarks/train_base/{name}.tsv"
    params:
        work="training/gpu/{name}",


rule use_memory:
    """Holds 700 MB for five seconds, which the first attempt's 600 MB do not allow."""
    output:
        "memory.txt",
    log:
        "logs/use_memory.log",
    resources:
        mem_mb=lambda wildcards, attempt: 600 * attempt,
        runtime=5,
    shell:
        "python3 -c 'import time; block = b\"x\" * 700_000_000; time.sleep(5); print(len(block))' > {output} 2> {log}"


rule use_fits:
    input:
        "cpu/first.safetensors",
        "cpu/stalling.safetensors",
    output:
        "used.txt",
    log:
        "logs/use_fits.log",
    localrule: True
    shell:
        "ls {input} > {output} 2> {log}"
