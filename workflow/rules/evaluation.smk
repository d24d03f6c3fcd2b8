"""Decode the test split at every scale and score the hypotheses."""


rule decode:
    input:
        run="results/training/{model}/run.json",
        weights=ancient(model_weights),  # run.json stands for them
        manifest=manifest("test"),
        audio=features("audio", "test", heard),
        video=features("video", "test", only_clean),
    output:
        hypotheses="results/evaluation/{model}/{condition}/{scale}.jsonl",
        settings="results/evaluation/{model}/{condition}/{scale}.json",
    log:
        "results/logs/evaluation/{model}/{condition}/{scale}.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}/{scale}.tsv"
    priority: 2  # free the core that waits for the last models
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        batch_tokens=config["decoding"]["batch_tokens"],  # no param: changes no result
    params:
        code=code("evaluation.decode"),
        origin=origin_json,
        features=lambda wildcards, input: feature_options(input),
        decoding=decoding_settings,
    shell:
        "python -m mavsr.evaluation.decode --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} --origin {params.origin:q}"
        " --condition {wildcards.condition} --scale {wildcards.scale}"
        " {params.features} --decoding {params.decoding:q}"
        " --decoding.batch_tokens {resources.batch_tokens}"
        " --hypotheses {output.hypotheses:q} --threads {threads} 2> {log:q}"


rule score_experiment:
    input:
        hypotheses=hypotheses(".jsonl"),
        settings=hypotheses(".json"),
        clips=clips_decoded,
    output:
        scores="results/evaluation/{experiment}.csv",
    log:
        "results/logs/evaluation/{experiment}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("evaluation.score"),
        scoring=section("scoring"),
    shell:
        "python -m mavsr.evaluation.score --hypotheses {input.hypotheses:q} --results results"
        " --scoring {params.scoring:q} --output {output.scores:q} 2> {log:q}"


rule collect_scores:
    input:
        scores=[
            f"results/evaluation/{name}.csv"
            for name in config["experiments"]
            if evaluations_of(name)
        ],
    output:
        table="results/wer.csv",
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
        run="results/training/{model}/run.json",
        weights=ancient(model_weights),  # run.json stands for them
        manifest=manifest("test"),
        audio=features("audio", "test", heard),
        video=features("video", "test", only_clean),
    output:
        table="results/evaluation/{model}/{condition}/routing.csv",
    log:
        "results/logs/evaluation/{model}/{condition}/routing.log",
    benchmark:
        "results/benchmarks/evaluation/{model}/{condition}/routing.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
    params:
        code=code("evaluation.routing"),
        features=lambda wildcards, input: feature_options(input),
    shell:
        "python -m mavsr.evaluation.routing --model $(dirname {input.run:q})"
        " --manifest {input.manifest:q} {params.features}"
        " --output {output.table:q} --threads {threads} 2> {log:q}"
