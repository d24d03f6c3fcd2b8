"""Run the frozen encoders once per clip and view, and cache their tokens."""


rule extract_features:
    input:
        shard=needs.audio_shard,
        ledger=ancient(paths.CROPS_LEDGER),  # made with the crops
        encoder=needs.encoder_files,
    output:
        shard=paths.FEATURES,
    log:
        "results/logs/features/{encoder}/{corpus}/{split}/{condition}/{shard}.log",
    benchmark:
        "results/benchmarks/features/{encoder}/{corpus}/{split}/{condition}/{shard}.tsv"
    wildcard_constraints:
        condition=no_view,
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        # No params: neither changes the result of a job that succeeds.
        batch_s=told.running("extract_features", "features", "batch_s"),
        long_clips=told.running("extract_features", "features", "long_clips"),
    params:
        code=code("features.extract"),
        encoder=told.of("extract_features", "encoders", "{encoder}"),
        settings=told.extraction("extract_features"),
    shell:
        "python -m mavsr.features.extract --shards {input.shard:q} --ledger {input.ledger:q}"
        " --encoder {params.encoder:q} --conditions {wildcards.condition}"
        " --outputs {output.shard:q} --settings {params.settings:q}"
        " --settings.batch_s {resources.batch_s}"
        " --settings.long_clips {resources.long_clips}"
        " --threads {threads} 2> {log:q}"


# One job for all views of a shard: it loads the encoder and decodes the frames once.
rule extract_views:
    input:
        shards=needs.view_shards,
        ledger=ancient(paths.CROPS_LEDGER.replace("{split}", "train")),
        encoder=needs.encoder_files,
    output:
        shards=expand(
            paths.FEATURES, split="train", condition=all_views, allow_missing=True
        ),
    log:
        "results/logs/features/{encoder}/{corpus}/train/views/{shard}.log",
    benchmark:
        "results/benchmarks/features/{encoder}/{corpus}/train/views/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        # No params: no view depends on the others, and the next two are as above.
        conditions=" ".join(all_views),
        batch_s=told.running("extract_views", "features", "batch_s"),
        long_clips=told.running("extract_views", "features", "long_clips"),
    params:
        code=code("features.extract"),
        encoder=told.of("extract_views", "encoders", "{encoder}"),
        settings=told.extraction("extract_views"),
    shell:
        "python -m mavsr.features.extract --shards {input.shards:q} --ledger {input.ledger:q}"
        " --encoder {params.encoder:q} --conditions {resources.conditions}"
        " --outputs {output.shards:q} --settings {params.settings:q}"
        " --settings.batch_s {resources.batch_s}"
        " --settings.long_clips {resources.long_clips}"
        " --threads {threads} 2> {log:q}"


rule index_features:
    input:
        # Complete crops: a split that lost too many clips must not be trained on or scored.
        crops=ancient(paths.CROPS_INDEX),
        ledger=ancient(paths.LEDGER),
        shards=needs.shards(paths.FEATURES),
    output:
        samples=paths.FEATURES_SAMPLES,
        index=paths.FEATURES_INDEX,
    log:
        "results/logs/features/{encoder}/{corpus}/{split}/{condition}/index.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("features.index"),
        parameters=told.of("index_features", "encoders", "{encoder}"),
    shell:
        "python -m mavsr.features.index --shards {input.shards:q} --ledger {input.ledger:q}"
        " --samples {output.samples:q} --output {output.index:q}"
        " --parameters {params.parameters:q} 2> {log:q}"
