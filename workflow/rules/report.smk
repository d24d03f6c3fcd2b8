"""The papers' tables, from the tidy table of scores."""


rule table1:
    input:
        scores="results/wer.csv",
    output:
        table="results/table1.csv",
    log:
        "results/logs/report/table1.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.table1"),
        models=models_of("table1"),
    shell:
        "python -m mavsr.report.table1 --scores {input.scores:q} --models {params.models:q}"
        " --output {output.table:q} 2> {log:q}"


rule noise_check:
    input:
        scores="results/wer.csv",
    output:
        table="results/noise_check.csv",
    log:
        "results/logs/report/noise_check.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.noise_check"),
        models=models_of("noise_check"),
    shell:
        "python -m mavsr.report.noise_check --scores {input.scores:q} --models {params.models:q}"
        " --output {output.table:q} 2> {log:q}"


rule parameters:
    output:
        table="results/parameters.csv",
    log:
        "results/logs/report/parameters.log",
    benchmark:
        "results/benchmarks/report/parameters.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("report.parameters"),
    shell:
        "python -m mavsr.report.parameters --output {output.table:q} 2> {log:q}"
