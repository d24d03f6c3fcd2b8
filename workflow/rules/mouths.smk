"""Detect faces, align them, crop mouths to 96x96, and account for every clip."""


rule fetch_retinaface:
    output:
        weights=paths.RETINAFACE,
        listing="results/mouths/retinaface.json",
    log:
        "results/logs/mouths/retinaface.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        # No code: the bytes are checked against the config's sum.
        file=told.detector_file,
    shell:
        "python -m mavsr.corpus.download.get_file --file {params.file:q} --purpose retinaface"
        " --output {output.weights:q} --listing {output.listing:q} 2> {log:q}"


rule crop_mouths:
    input:
        manifest=paths.MANIFEST,
        weights=needs.detector_weights,
    output:
        shard=paths.CROPS,
        ledger=paths.CROPS_LEDGER,
    log:
        "results/logs/mouths/{corpus}/{split}/{shard}.log",
    benchmark:
        "results/benchmarks/mouths/{corpus}/{split}/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
        gpu_jobs=told.needs_gpu,
        batch=told.running("crop_mouths", "mouths", "retinaface", "batch"),
    params:
        code=code("mouths.crop"),
        number=lambda wildcards: int(wildcards.shard),
        settings=told.crops,
    shell:
        "python -m mavsr.mouths.crop --manifest {input.manifest:q} --shard {params.number}"
        " --output {output.shard:q} --ledger {output.ledger:q}"
        " --settings {params.settings:q} --settings.retinaface.batch {resources.batch} 2> {log:q}"


rule index_mouths:
    input:
        shards=needs.shards(paths.CROPS),
        ledgers=needs.shards(paths.CROPS_LEDGER),
        dropped=paths.SCAN_DROPPED,
        manifest=paths.MANIFEST,
    output:
        index=paths.CROPS_INDEX,
        ledger=paths.LEDGER,
    log:
        "results/logs/mouths/{corpus}/{split}/index.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        code=code("mouths.index"),
        max_dropped=told.of("index_mouths", "mouths", "max_dropped"),
    shell:
        "python -m mavsr.mouths.index --shards {input.shards:q} --ledgers {input.ledgers:q}"
        " --scan_dropped {input.dropped:q} --manifest {input.manifest:q} --split {wildcards.split}"
        " --output {output.index:q} --ledger {output.ledger:q}"
        " --max_dropped {params.max_dropped} 2> {log:q}"


rule summarise_mouths:
    input:
        ledgers=needs.ledgers,
    output:
        table=paths.LEDGER_SUMMARY,
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
        ledger=paths.LEDGER,
        shards=needs.shards(paths.CROPS),
    output:
        sheet=report(
            paths.SHEET,
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
        clips=told.of("draw_mouths", "mouths", "sheet_clips"),
    shell:
        "python -m mavsr.mouths.contact_sheet --ledger {input.ledger:q} --shards {input.shards:q}"
        " --clips {params.clips} --output {output.sheet:q} 2> {log:q}"
