"""Detect faces, align them, crop mouths to 96x96, and account for every clip."""


rule fetch_retinaface:
    output:
        weights="results/mouths/retinaface.weights",
        listing="results/mouths/retinaface.json",
    log:
        "results/logs/mouths/retinaface.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        # No code: the bytes are checked against the config's sum.
        file=retinaface_file,
    shell:
        "python -m mavsr.corpus.download.get_file --file {params.file:q} --purpose retinaface"
        " --output {output.weights:q} --listing {output.listing:q} 2> {log:q}"


rule crop_mouths:
    input:
        manifest="results/corpus/{corpus}/{split}.parquet",
        weights=detector_weights,
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
        gpu_jobs=lambda wildcards: int(detector_of(wildcards) == "retinaface"),
        batch=config["mouths"]["retinaface"]["batch"],  # no param: changes no result
    params:
        code=code("mouths.crop"),
        number=lambda wildcards: int(wildcards.shard),
        settings=crop_settings,
    shell:
        "python -m mavsr.mouths.crop --manifest {input.manifest:q} --shard {params.number}"
        " --output {output.shard:q} --ledger {output.ledger:q}"
        " --settings {params.settings:q} --settings.batch {resources.batch} 2> {log:q}"


rule index_mouths:
    input:
        shards=collect(
            "results/mouths/{{corpus}}/{{split}}/{shard}.tar", shard=shard_names
        ),
        ledgers=collect(
            "results/mouths/{{corpus}}/{{split}}/{shard}.csv", shard=shard_names
        ),
        dropped="results/corpus/{corpus}/dropped.csv",
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
        code=code("mouths.index"),
        max_dropped=config["mouths"]["max_dropped"],
    shell:
        "python -m mavsr.mouths.index --shards {input.shards:q} --ledgers {input.ledgers:q}"
        " --scan_dropped {input.dropped:q} --split {wildcards.split}"
        " --output {output.index:q} --ledger {output.ledger:q}"
        " --max_dropped {params.max_dropped} 2> {log:q}"


rule summarise_mouths:
    input:
        ledgers=expand(
            "results/mouths/{{corpus}}/{split}/ledger.csv",
            split=["train", "val", "test"],
        ),
    output:
        table="results/mouths/{corpus}/ledger_summary.csv",
    log:
        "results/logs/mouths/{corpus}/summary.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("mouths.summary"),
    shell:
        "python -m mavsr.mouths.summary --ledgers {input.ledgers:q}"
        " --output {output.table:q} 2> {log:q}"


rule draw_mouths:
    input:
        ledger="results/mouths/{corpus}/{split}/ledger.csv",
        shards=collect(
            "results/mouths/{{corpus}}/{{split}}/{shard}.tar", shard=shard_names
        ),
    output:
        sheet=report(
            "results/report/mouths/{corpus}_{split}.png",
            caption="../report/crops.rst",
            category="Mouths",
            labels={"shows": "{corpus}, {split}"},
        ),
    log:
        "results/logs/mouths/{corpus}/{split}/sheet.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("mouths.contact_sheet"),
        clips=config["mouths"]["sheet_clips"],
    shell:
        "python -m mavsr.mouths.contact_sheet --ledger {input.ledger:q} --shards {input.shards:q}"
        " --clips {params.clips} --output {output.sheet:q} 2> {log:q}"
