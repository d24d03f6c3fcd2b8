"""Detect faces, align them, crop mouths to 96x96, and account for every clip."""


rule crop_mouths:
    input:
        manifest="results/corpus/{corpus}/{split}.parquet",
        code=code("mouths.crop"),
    output:
        shard="results/mouths/{corpus}/{split}/{shard}.tar",
        ledger="results/mouths/{corpus}/{split}/{shard}.csv",
    log:
        "results/logs/mouths/{corpus}/{split}/{shard}.log",
    benchmark:
        "results/benchmarks/mouths/{corpus}/{split}/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        number=lambda wildcards: int(wildcards.shard),
        settings=crop_settings,
    shell:
        "python -m mavsr.mouths.crop --manifest {input.manifest:q} --shard {params.number}"
        " --output {output.shard:q} --ledger {output.ledger:q}"
        " --settings {params.settings:q} 2> {log:q}"


rule index_mouths:
    input:
        shards=collect(
            "results/mouths/{{corpus}}/{{split}}/{shard}.tar", shard=shard_names
        ),
        ledgers=collect(
            "results/mouths/{{corpus}}/{{split}}/{shard}.csv", shard=shard_names
        ),
        dropped="results/corpus/{corpus}/dropped.csv",
        code=code("mouths.index"),
    output:
        index="results/mouths/{corpus}/{split}/index.json",
        ledger="results/mouths/{corpus}/{split}/ledger.csv",
    log:
        "results/logs/mouths/{corpus}/{split}/index.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        max_dropped=config["mouths"]["max_dropped"],
    shell:
        "python -m mavsr.mouths.index --shards {input.shards:q} --ledgers {input.ledgers:q}"
        " --scan_dropped {input.dropped:q} --split {wildcards.split}"
        " --output {output.index:q} --ledger {output.ledger:q}"
        " --max_dropped {params.max_dropped} 2> {log:q}"
