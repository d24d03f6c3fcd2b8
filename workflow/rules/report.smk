"""The papers' tables and figures, each from the scores of its own experiment."""


rule write_table:
    input:
        scores=scores_of,
        published=PUBLISHED,
    output:
        expand("results/{{name}}.{suffix}", suffix=["csv", "md", "tex"]),
    log:
        "results/logs/report/{name}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.table"),
        report=report_json,
        scores=lambda wildcards, input: "--scores" if input.scores else "",
    shell:
        "python -m mavsr.report.table --name {wildcards.name} --settings {params.report:q}"
        " {params.scores} {input.scores:q} --output results 2> {log:q}"


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


rule draw_losses:
    input:
        metrics="results/training/{model}/metrics.csv",
    output:
        figure="results/report/training/{model}.png",
    log:
        "results/logs/report/training/{model}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.loss_curve"),
    shell:
        "python -m mavsr.report.loss_curve --metrics {input.metrics:q}"
        " --output {output.figure:q} 2> {log:q}"
