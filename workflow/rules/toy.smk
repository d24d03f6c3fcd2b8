"""Train the small encoders and the small LLM of the embedded default."""


rule make_whisper:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
        val_manifest="results/corpus/{corpus}/val.parquet",
        shards=toy_shards("train"),
        val_shards=toy_shards("val"),
        babble=babble_file,
    output:
        report="results/toy/{corpus}/whisper/toy.json",
        weights="results/toy/{corpus}/whisper/model.safetensors",
    log:
        "results/logs/toy/{corpus}/whisper.log",
    benchmark:
        "results/benchmarks/toy/{corpus}/whisper.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="3GB",
    params:
        code=code("toy.whisper"),
        settings=whisper_settings,
        noise=whisper_noise,
    shell:
        "python -m mavsr.toy.whisper --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --babble {input.babble:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --noise {params.noise:q} --threads {threads} 2> {log:q}"


rule make_avhubert:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
        val_manifest="results/corpus/{corpus}/val.parquet",
        shards=toy_shards("train"),
        val_shards=toy_shards("val"),
    output:
        report="results/toy/{corpus}/avhubert.json",
        weights="results/toy/{corpus}/avhubert.pt",
    log:
        "results/logs/toy/{corpus}/avhubert.log",
    benchmark:
        "results/benchmarks/toy/{corpus}/avhubert.tsv"
    priority: 2  # the longest job of this stage starts first
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="3GB",
    params:
        code=code("toy.avhubert"),
        settings=section("toy", "avhubert"),
    shell:
        "python -m mavsr.toy.avhubert --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --output {output.weights:q}"
        " --settings {params.settings:q} --threads {threads} 2> {log:q}"


rule make_llama:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
    output:
        report="results/toy/{corpus}/llama/toy.json",
        weights="results/toy/{corpus}/llama/model.safetensors",
    log:
        "results/logs/toy/{corpus}/llama.log",
    benchmark:
        "results/benchmarks/toy/{corpus}/llama.tsv"
    priority: 1
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="2GB",
    params:
        code=code("toy.llama"),
        settings=section("toy", "llama"),
    shell:
        "python -m mavsr.toy.llama --manifest {input.manifest:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --threads {threads} 2> {log:q}"
