"""Run the frozen encoders once per clip and view, and cache their tokens."""


rule extract_features:
    input:
        shard=sound_shard,
        ledger=ancient("results/mouths/{corpus}/{split}/{shard}.csv"),  # made with the crops
        encoder=encoder_files,
    output:
        shard="results/features/{encoder}/{corpus}/{split}/{condition}/{shard}.tar",
    log:
        "results/logs/features/{encoder}/{corpus}/{split}/{condition}/{shard}.log",
    benchmark:
        "results/benchmarks/features/{encoder}/{corpus}/{split}/{condition}/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        # No params: neither changes the result of a job that succeeds.
        batch_s=config["features"]["batch_s"],
        long_clips=config["features"]["long_clips"],
    params:
        code=code("features.extract"),
        encoder=encoder_json,
        settings=extract_settings,
    shell:
        "python -m mavsr.features.extract --shard {input.shard:q} --ledger {input.ledger:q}"
        " --encoder {params.encoder:q} --condition {wildcards.condition}"
        " --output {output.shard:q} --settings {params.settings:q}"
        " --settings.batch_s {resources.batch_s}"
        " --settings.long_clips {resources.long_clips}"
        " --threads {threads} 2> {log:q}"


rule index_features:
    input:
        # Complete crops: a split that lost too many clips must not be trained on or scored.
        crops=ancient("results/mouths/{corpus}/{split}/index.json"),
        ledger=ancient("results/mouths/{corpus}/{split}/ledger.csv"),
        shards=collect(
            "results/features/{{encoder}}/{{corpus}}/{{split}}/{{condition}}/{shard}.tar",
            shard=shard_names,
        ),
    output:
        samples="results/features/{encoder}/{corpus}/{split}/{condition}/samples.parquet",
        index="results/features/{encoder}/{corpus}/{split}/{condition}/index.json",
    log:
        "results/logs/features/{encoder}/{corpus}/{split}/{condition}/index.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("features.index"),
        parameters=encoder_json,
    shell:
        "python -m mavsr.features.index --shards {input.shards:q} --ledger {input.ledger:q}"
        " --samples {output.samples:q} --output {output.index:q}"
        " --parameters {params.parameters:q} 2> {log:q}"
