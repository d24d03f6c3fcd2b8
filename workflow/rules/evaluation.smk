"""Decode the test split at every scale and score the hypotheses."""


rule decode:
    input:
        run=paths.RUN,
        weights=ancient([paths.PROJECTORS, paths.ADAPTERS]),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", own_condition),
        video=needs.features("video", "test", clean),
    output:
        hypotheses=paths.HYPOTHESES,
        settings=paths.DECODED,
    log:
        "results/logs/evaluation/{model}/{condition}{at}/{scale}.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}{at}/{scale}.tsv"
    priority: 2  # free the core that waits for the last models
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        batch_tokens=told.running("decode", "decoding", "batch_tokens"),
    params:
        code=code("evaluation.decode"),
        origin=told.origin,
        features=features,
        decoding=told.of("decode", "decoding"),
    shell:
        "python -m mavsr.evaluation.decode --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} --origin {params.origin:q}"
        " --condition {wildcards.condition} --scale {wildcards.scale}"
        " {params.features} --decoding {params.decoding:q}"
        " --decoding.batch_tokens {resources.batch_tokens}"
        " --hypotheses {output.hypotheses:q} --threads {threads} 2> {log:q}"


rule score_experiment:
    input:
        hypotheses=needs.hypotheses(paths.HYPOTHESES),
        settings=needs.hypotheses(paths.DECODED),
        clips=needs.tested_clips,
    output:
        scores=paths.SCORES,
    log:
        "results/logs/evaluation/{experiment}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.score"),
        scoring=told.of("score_experiment", "scoring"),
    shell:
        "python -m mavsr.evaluation.score --hypotheses {input.hypotheses:q} --results results"
        " --scoring {params.scoring:q} --output {output.scores:q} 2> {log:q}"


rule collect_scores:
    input:
        scores=needs.all_scores(),
    output:
        table=paths.WER,
    log:
        "results/logs/evaluation/collect.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.collect"),
    shell:
        "python -m mavsr.evaluation.collect --scores {input.scores:q}"
        " --output {output.table:q} 2> {log:q}"


rule record_routing:
    input:
        run=paths.RUN,
        weights=ancient([paths.PROJECTORS, paths.ADAPTERS]),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", own_condition),
        video=needs.features("video", "test", clean),
    output:
        table=paths.ROUTING,
    log:
        "results/logs/evaluation/{model}/{condition}{at}/routing.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}{at}/routing.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
    params:
        code=code("evaluation.routing"),
        features=features,
    shell:
        "python -m mavsr.evaluation.routing --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} {params.features}"
        " --output {output.table:q} --threads {threads} 2> {log:q}"


rule record_similarity:
    input:
        run=paths.RUN,
        weights=ancient([paths.PROJECTORS, paths.ADAPTERS]),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", own_condition),
        video=needs.features("video", "test", clean),
    output:
        table=paths.SIMILARITY,
    log:
        "results/logs/evaluation/{model}/{condition}{at}/similarity.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}{at}/similarity.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
    params:
        code=code("evaluation.similarity"),
        features=features,
    shell:
        "python -m mavsr.evaluation.similarity --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} {params.features}"
        " --output {output.table:q} --threads {threads} 2> {log:q}"
