"""The papers' tables and figures, each from the scores of its own experiment."""


rule write_table:
    input:
        scores=scores_of,
        published=PUBLISHED,
    output:
        expand("results/{{name}}.{suffix}", suffix=["csv", "md", "tex", "rst"]),
        page=report(
            "results/{name}.html",
            caption="../report/table.rst",
            category=report_category,
            labels=report_label("table"),
        ),
    log:
        "results/logs/report/tables/{name}.log",
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


rule draw_figure:
    input:
        scores=scores_of,
        routing=routing_of,
        published=PUBLISHED,
    output:
        "results/{name}.pdf",
        picture=report(
            "results/{name}.png",
            caption="../report/figure.rst",
            category=report_category,
            labels=report_label("figure"),
        ),
    log:
        "results/logs/report/figures/{name}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.figure"),
        caption=caption_of,
        report=report_json,
        routing=lambda wildcards, input: "--routing" if input.routing else "",
    shell:
        "python -m mavsr.report.figure --name {wildcards.name} --settings {params.report:q}"
        " --scores {input.scores:q} {params.routing} {input.routing:q} --output results 2> {log:q}"


rule check_results:
    input:
        scores="results/wer.csv",
        experiments=rules.collect_scores.input.scores,
        hypotheses=[f"results/evaluation/{e.path}.jsonl" for e in EVALUATIONS],
        settings=[f"results/evaluation/{e.path}.json" for e in EVALUATIONS],
    output:
        table="results/checks.csv",
    log:
        "results/logs/report/check_results.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.check"),
        scoring=section("scoring"),
    shell:
        "python -m mavsr.report.check --scores {input.scores:q}"
        " --experiments {input.experiments:q} --hypotheses {input.hypotheses:q}"
        " --scoring {params.scoring:q} --results results --output {output.table:q} 2> {log:q}"


rule draw_losses:
    input:
        metrics=expand("results/training/{model}/metrics.csv", model=MODELS),
    output:
        "results/report/losses.pdf",
        picture=report(
            "results/report/losses.png",
            caption="../report/losses.rst",
            category="Run",
            labels={"shows": "validation losses of all models"},
        ),
    log:
        "results/logs/report/losses.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.losses"),
    shell:
        "python -m mavsr.report.losses --metrics {input.metrics:q} --output results/report"
        " 2> {log:q}"


rule describe_run:
    input:
        settings=rules.check_results.input.settings,
        ledgers=ledger_summaries,
        checks="results/checks.csv",
    output:
        page=report(
            "results/report/run.html",
            caption="../report/run.rst",
            category="Run",
            labels={"shows": "settings, software, clips, checks"},
        ),
    log:
        "results/logs/report/run.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.run"),
        config=lambda wildcards: json.dumps(hide(config)),
    shell:
        "python -m mavsr.report.run --resolved {params.config:q} --settings {input.settings:q}"
        " --ledgers {input.ledgers:q} --checks {input.checks:q} --output {output.page:q} 2> {log:q}"


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


rule draw_training:
    input:
        metrics="results/training/{model}/metrics.csv",
    output:
        figure=report(
            "results/report/training/{model}.png",
            caption="../report/training.rst",
            category="Training",
            labels={"shows": "{model}"},
        ),
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
