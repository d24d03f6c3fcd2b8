"""Mix noise into the audio of clips."""


rule make_babble:
    input:
        manifest=paths.MANIFEST.replace("{split}", "train"),
    output:
        babble=paths.OWN_BABBLE,
    log:
        "results/logs/noise/{corpus}/babble.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.babble"),
        settings=told.of("make_babble", "noise", "made"),
    shell:
        "python -m mavsr.noise.babble --manifest {input.manifest:q}"
        " --output {output.babble:q} --settings {params.settings:q} 2> {log:q}"


rule download_babble:
    output:
        recording=paths.BABBLE_DOWNLOAD,
        listing=f"{paths.BABBLE_DOWNLOAD}.json",
    log:
        "results/logs/noise/download/{name}.log",
    wildcard_constraints:
        name=one_of([babble_name(asked)]),
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        # No code: the bytes are the server's, and no change of it calls for new noise.
        file=told.of("download_babble", "noise", "babble"),
    shell:
        "python -m mavsr.corpus.download.get_file --file {params.file:q} --purpose babble"
        " --output {output.recording:q} --listing {output.listing:q} 2> {log:q}"


rule import_babble:
    input:
        recording=needs.babble_recording,
    output:
        babble=paths.BABBLE,
    log:
        "results/logs/noise/import_babble.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.recording"),
        source=needs.babble_source,
        mat_hz=told.of("import_babble", "noise", "babble_mat_hz"),
    shell:
        "python -m mavsr.noise.recording --source {params.source:q} --mat_hz {params.mat_hz}"
        " --output {output.babble:q} 2> {log:q}"


rule import_noise:
    input:
        recording=needs.noise_file,
    output:
        noise=paths.NAMED_NOISE,
    log:
        "results/logs/noise/named/{noise}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.recording"),
        source=told.of("import_noise", "noises", "{noise}", "file"),
        mat_hz=told.of("import_noise", "noises", "{noise}", "mat_hz"),
    shell:
        "python -m mavsr.noise.recording --source {params.source:q} --mat_hz {params.mat_hz}"
        " --output {output.noise:q} 2> {log:q}"


rule list_noise:
    input:
        recordings=needs.noise_recordings,
    output:
        table=paths.NOISE_LIST,
    log:
        "results/logs/noise/named/{noise}.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.listing"),
        folder=told.of("list_noise", "noises", "{noise}", "folder"),
    shell:
        "python -m mavsr.noise.listing --folder {params.folder:q}"
        " --output {output.table:q} 2> {log:q}"


rule mix_noise:
    input:
        shard=paths.CROPS,
        ledger=ancient(paths.CROPS_LEDGER),  # made with the shard
        noise=needs.noise,
    output:
        shard=paths.NOISY,
    log:
        "results/logs/noise/{corpus}/{split}/{condition}/{shard}.log",
    benchmark:
        "results/benchmarks/noise/{corpus}/{split}/{condition}/{shard}.tsv"
    wildcard_constraints:
        condition=no_view,
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.apply"),
        settings=told.of("mix_noise", "noise"),
    shell:
        "python -m mavsr.noise.apply --shard {input.shard:q} --ledger {input.ledger:q}"
        " --noise {input.noise:q}"
        " --conditions {wildcards.condition} --outputs {output.shard:q}"
        " --settings {params.settings:q} 2> {log:q}"


rule mix_views:
    input:
        shard=paths.CROPS.replace("{split}", "train"),
        ledger=ancient(paths.CROPS_LEDGER.replace("{split}", "train")),
        noise=needs.babble,
    output:
        shards=expand(
            paths.NOISY, split="train", condition=all_views, allow_missing=True
        ),
    log:
        "results/logs/noise/{corpus}/train/views/{shard}.log",
    benchmark:
        "results/benchmarks/noise/{corpus}/train/views/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
        conditions=" ".join(all_views),  # no param: no view depends on the others
    params:
        code=code("noise.apply"),
        settings=told.of("mix_views", "noise"),
    shell:
        "python -m mavsr.noise.apply --shard {input.shard:q} --ledger {input.ledger:q}"
        " --noise {input.noise:q} --conditions {resources.conditions}"
        " --outputs {output.shards:q} --settings {params.settings:q} 2> {log:q}"
