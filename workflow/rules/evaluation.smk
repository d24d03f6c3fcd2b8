"""Decode the test split at every scale and score the hypotheses."""


rule decode:
    input:
        run=needs.run,
        weights=ancient(needs.weights),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", heard),
        video=needs.features("video", "test", seen),
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
    threads: shared_threads
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


rule decode_validation:
    input:
        run=needs.run,
        weights=ancient(needs.weights),  # run.json stands for them
        manifest=needs.manifest("val"),
        audio=needs.features("audio", "val", clean),
        video=needs.features("video", "val", clean),
    output:
        hypotheses=paths.VALIDATED,
        settings=paths.VALIDATED_BY,
    log:
        "results/logs/evaluation/{model}/val/{scale}.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/val/{scale}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: shared_threads
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        batch_tokens=told.running("decode_validation", "decoding", "batch_tokens"),
    params:
        code=code("evaluation.decode"),
        origin=told.validation_origin,
        features=features,
        decoding=told.of("decode_validation", "decoding"),
    shell:
        "python -m mavsr.evaluation.decode --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} --origin {params.origin:q}"
        " --condition clean --scale {wildcards.scale}"
        " {params.features} --decoding {params.decoding:q}"
        " --decoding.batch_tokens {resources.batch_tokens}"
        " --hypotheses {output.hypotheses:q} --threads {threads} 2> {log:q}"


rule score_validation:
    input:
        hypotheses=needs.choosable_hypotheses(paths.VALIDATED),
        settings=needs.choosable_hypotheses(paths.VALIDATED_BY),
        clips=needs.validated_clips,
    output:
        scores=paths.VALIDATION_SCORES,
    log:
        "results/logs/evaluation/{experiment}_validation.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.score"),
        scoring=told.of("score_validation", "scoring"),
    shell:
        "python -m mavsr.evaluation.score --hypotheses {input.hypotheses:q} --results results"
        " --scoring {params.scoring:q} --output {output.scores:q} 2> {log:q}"


rule adapt_scales:
    input:
        hypotheses=needs.choosable_hypotheses(paths.HYPOTHESES),
        settings=needs.choosable_hypotheses(paths.DECODED),
        validation=needs.choosable_hypotheses(paths.VALIDATED),
        validated=needs.choosable_hypotheses(paths.VALIDATED_BY),
    output:
        table=paths.ADAPTED,
    log:
        "results/logs/evaluation/{experiment}_adaptive.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.adapt"),
        scoring=told.of("adapt_scales", "scoring"),
        elastic=told.of("adapt_scales", "elastic"),
    shell:
        "python -m mavsr.evaluation.adapt --hypotheses {input.hypotheses:q}"
        " --validation {input.validation:q} --scoring {params.scoring:q}"
        " --elastic {params.elastic:q} --output {output.table:q} 2> {log:q}"


rule judge_confidence:
    input:
        hypotheses=needs.choosable_hypotheses(paths.HYPOTHESES),
        settings=needs.choosable_hypotheses(paths.DECODED),
        validation=needs.choosable_hypotheses(paths.VALIDATED),
        validated=needs.choosable_hypotheses(paths.VALIDATED_BY),
    output:
        table=paths.JUDGED,
    log:
        "results/logs/evaluation/{experiment}_confidence.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.judge"),
        scoring=told.of("judge_confidence", "scoring"),
    shell:
        "python -m mavsr.evaluation.judge --hypotheses {input.hypotheses:q}"
        " --validation {input.validation:q} --scoring {params.scoring:q}"
        " --output {output.table:q} 2> {log:q}"


rule compare_systems:
    input:
        hypotheses=needs.hypotheses(paths.HYPOTHESES),
        settings=needs.hypotheses(paths.DECODED),
    output:
        table=paths.COMPARED,
    log:
        "results/logs/evaluation/{experiment}_differences.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.differences"),
        scoring=told.of("compare_systems", "scoring"),
    shell:
        "python -m mavsr.evaluation.differences --hypotheses {input.hypotheses:q}"
        " --scoring {params.scoring:q}"
        " --output {output.table:q} 2> {log:q}"


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
        run=needs.run,
        weights=ancient(needs.weights),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", heard),
        video=needs.features("video", "test", seen),
    output:
        table=paths.ROUTING,
    log:
        "results/logs/evaluation/{model}/{condition}{at}/routing.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}{at}/routing.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: shared_threads
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
    params:
        code=code("evaluation.routing"),
        features=features,
    shell:
        "python -m mavsr.evaluation.routing --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} {params.features}"
        " --condition {wildcards.condition}"
        " --output {output.table:q} --threads {threads} 2> {log:q}"


rule record_similarity:
    input:
        run=needs.run,
        weights=ancient(needs.weights),  # run.json stands for them
        manifest=needs.manifest("test"),
        audio=needs.features("audio", "test", heard),
        video=needs.features("video", "test", seen),
    output:
        table=paths.SIMILARITY,
    log:
        "results/logs/evaluation/{model}/{condition}{at}/similarity.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}{at}/similarity.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: shared_threads
    resources:
        mem="4GB",
    params:
        code=code("evaluation.similarity"),
        features=features,
    shell:
        "python -m mavsr.evaluation.similarity --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} {params.features}"
        " --condition {wildcards.condition}"
        " --output {output.table:q} --threads {threads} 2> {log:q}"
