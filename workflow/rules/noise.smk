"""Mix babble into the sound of clips."""


rule make_babble:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
    output:
        babble="results/noise/{corpus}/babble.flac",
    log:
        "results/logs/noise/{corpus}/babble.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.babble"),
        settings=section("noise", "made"),
    shell:
        "python -m mavsr.noise.babble --manifest {input.manifest:q}"
        " --output {output.babble:q} --settings {params.settings:q} 2> {log:q}"


rule download_babble:
    output:
        recording="results/noise/download/{name}",
        listing="results/noise/download/{name}.json",
    log:
        "results/logs/noise/download/{name}.log",
    wildcard_constraints:
        name=one_of([BABBLE]),
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="1GB",
    params:
        # No code: the bytes are the server's, and no change of it calls for new noise.
        file=lambda wildcards: json.dumps(hide(config["noise"]["babble"])),
    shell:
        "python -m mavsr.corpus.download.get_file --file {params.file:q} --purpose babble"
        " --output {output.recording:q} --listing {output.listing:q} 2> {log:q}"


rule import_babble:
    input:
        recording=babble_input,
    output:
        babble="results/noise/babble.flac",
    log:
        "results/logs/noise/import_babble.log",
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.recording"),
        source=babble_source,
        mat_hz=config["noise"]["babble_mat_hz"],
    shell:
        "python -m mavsr.noise.recording --source {params.source:q} --mat_hz {params.mat_hz}"
        " --output {output.babble:q} 2> {log:q}"


rule mix_noise:
    input:
        shard="results/mouths/{corpus}/{split}/{shard}.tar",
        ledger=ancient("results/mouths/{corpus}/{split}/{shard}.csv"),  # made with the shard
        babble=babble_file,
    output:
        shard="results/noise/{corpus}/{split}/{condition}/{shard}.tar",
    log:
        "results/logs/noise/{corpus}/{split}/{condition}/{shard}.log",
    benchmark:
        "results/benchmarks/noise/{corpus}/{split}/{condition}/{shard}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("noise.apply"),
        settings=noise_settings,
    shell:
        "python -m mavsr.noise.apply --shard {input.shard:q} --ledger {input.ledger:q}"
        " --babble {input.babble:q}"
        " --condition {wildcards.condition} --output {output.shard:q}"
        " --settings {params.settings:q} 2> {log:q}"
