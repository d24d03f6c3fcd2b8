"""The papers' tables and figures, each from the scores of its own experiment."""


rule write_table:
    input:
        scores=needs.scores,
        adaptive=needs.measured("table", "adaptive", paths.ADAPTED),
        validation=needs.measured("table", "scales", paths.VALIDATION_SCORES),
        cost=needs.measured("table", "scales", paths.EXPERIMENT_COST),
        published=published_tables(),
    output:
        multiext(paths.SHOWN, ".csv", ".md", ".tex", ".rst"),
        long=paths.LONG,
        page=report(
            f"{paths.SHOWN}.html",
            caption="../report/table.rst",
            category=category,
            labels=label("table"),
        ),
    log:
        "results/logs/report/tables/{name}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.table"),
        report=told.report,
        scores=flag("scores"),
        adaptive=flag("adaptive"),
        validation=flag("validation"),
        cost=flag("cost"),
    shell:
        "python -m mavsr.report.table --name {wildcards.name} --settings {params.report:q}"
        " {params.scores} {input.scores:q} {params.adaptive} {input.adaptive:q}"
        " {params.validation} {input.validation:q} {params.cost} {input.cost:q}"
        " --output results 2> {log:q}"


rule draw_figure:
    input:
        scores=needs.scores,
        routing=needs.routing,
        similarity=needs.similarity,
        adaptive=needs.measured("figure", "adaptive", paths.ADAPTED),
        confidence=needs.measured("figure", "confidence", paths.JUDGED),
        differences=needs.compared,
        published=published_tables(),
    output:
        f"{paths.SHOWN}.pdf",
        picture=report(
            f"{paths.SHOWN}.png",
            caption="../report/figure.rst",
            category=category,
            labels=label("figure"),
        ),
    log:
        "results/logs/report/figures/{name}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.figure"),
        caption=caption,
        report=told.report,
        routing=flag("routing"),
        similarity=flag("similarity"),
        adaptive=flag("adaptive"),
        confidence=flag("confidence"),
        differences=flag("differences"),
    shell:
        "python -m mavsr.report.figure --name {wildcards.name} --settings {params.report:q}"
        " --scores {input.scores:q} {params.routing} {input.routing:q}"
        " {params.similarity} {input.similarity:q} {params.adaptive} {input.adaptive:q}"
        " {params.confidence} {input.confidence:q}"
        " {params.differences} {input.differences:q} --output results 2> {log:q}"


rule cost_experiment:
    input:
        settings=needs.hypotheses(paths.DECODED),
    output:
        table=paths.EXPERIMENT_COST,
    log:
        "results/logs/report/cost/{experiment}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("report.costs"),
        encoders=told.of("cost_experiment", "encoders"),
    shell:
        "python -m mavsr.report.costs --settings {input.settings:q}"
        " --encoders {params.encoders:q} --output {output.table:q} 2> {log:q}"


rule collect_costs:
    input:
        settings=needs.all_hypotheses(paths.DECODED),
    output:
        table=paths.COST,
    log:
        "results/logs/report/cost.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("report.costs"),
        encoders=told.of("collect_costs", "encoders"),
    shell:
        "python -m mavsr.report.costs --settings {input.settings:q}"
        " --encoders {params.encoders:q} --sealed false --output {output.table:q} 2> {log:q}"


rule check_results:
    input:
        scores=paths.WER,
        experiments=rules.collect_scores.input.scores,
        hypotheses=needs.all_hypotheses(paths.HYPOTHESES),
        settings=needs.all_hypotheses(paths.DECODED),
    output:
        table=paths.CHECKS,
    log:
        "results/logs/report/check_results.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("report.check"),
        scoring=told.of("check_results", "scoring"),
    shell:
        "python -m mavsr.report.check --scores {input.scores:q}"
        " --experiments {input.experiments:q} --hypotheses {input.hypotheses:q}"
        " --scoring {params.scoring:q} --results results --output {output.table:q} 2> {log:q}"


rule draw_losses:
    input:
        metrics=needs.metrics,
    output:
        f"{paths.LOSSES}.pdf",
        picture=report(
            f"{paths.LOSSES}.png",
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


rule write_errors:
    input:
        hypotheses=needs.hypotheses_of_model(paths.HYPOTHESES),
        settings=needs.hypotheses_of_model(paths.DECODED),
        manifest=needs.shown_manifest,
        shards=needs.shown_clips,
        noisy=needs.shown_noise,
    output:
        page=paths.ERRORS,
    log:
        "results/logs/report/errors/{model}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("report.pages.errors"),
        scoring=told.of("write_errors", "scoring"),
        worst=told.of("write_errors", "pages", "worst"),
    shell:
        "python -m mavsr.report.pages.errors --hypotheses {input.hypotheses:q}"
        " --manifest {input.manifest:q} --shards {input.shards:q} --noisy {input.noisy:q}"
        " --scoring {params.scoring:q} --worst {params.worst} --output {output.page:q} 2> {log:q}"


rule write_clips:
    input:
        hypotheses=needs.hypotheses_of_clips(paths.HYPOTHESES),
        settings=needs.hypotheses_of_clips(paths.DECODED),
        manifest=paths.MANIFEST.format(corpus="{corpus}", split="test"),
        shards=needs.shards(paths.CROPS, "test"),
    output:
        folder=directory(paths.CLIP_PAGES),
    log:
        "results/logs/report/clips/{corpus}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("report.pages.clips"),
        scoring=told.of("write_clips", "scoring"),
        clips=told.of("write_clips", "pages", "clips"),
    shell:
        "python -m mavsr.report.pages.clips --hypotheses {input.hypotheses:q}"
        " --manifest {input.manifest:q} --shards {input.shards:q} --scoring {params.scoring:q}"
        " --count {params.clips} --output {output.folder:q} 2> {log:q}"


rule write_results:
    input:
        scores=paths.WER,
        settings=needs.all_hypotheses(paths.DECODED),
        ledgers=needs.ledger_summaries,
    output:
        page=paths.RESULTS,
        first=paths.FIRST_PAGE,
    log:
        "results/logs/report/results.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
        options=told.options,
        setup=told.origins,  # for the record
    params:
        code=code("report.results"),
        scoring=told.of("write_results", "scoring"),
    shell:
        "python -m mavsr.report.results --scores {input.scores:q} --settings {input.settings:q}"
        " --ledgers {input.ledgers:q} --scoring {params.scoring:q} --origins {resources.setup:q}"
        " --options={resources.options:q}"  # nothing for config.yaml, which quoting leaves away
        " --output {output.page:q} --first_page {output.first:q} 2> {log:q}"


rule describe_run:
    input:
        settings=rules.check_results.input.settings,
        ledgers=needs.ledger_summaries,
        checks=paths.CHECKS,
        first=paths.FIRST_PAGE,  # the report's opening page includes it
    output:
        page=report(
            paths.RUN_PAGE,
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
        config=told.whole,
    shell:
        "python -m mavsr.report.run --resolved {params.config:q} --settings {input.settings:q}"
        " --ledgers {input.ledgers:q} --checks {input.checks:q} --output {output.page:q} 2> {log:q}"


rule parameters:
    output:
        table=paths.PARAMETERS,
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
        metrics=paths.METRICS,
    output:
        figure=report(
            paths.LOSS_CURVE,
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
