"""Train the small encoders and the small LLM of the embedded default."""


rule make_whisper:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
        val_manifest="results/corpus/{corpus}/val.parquet",
        shards=standin_shards("train"),
        val_shards=standin_shards("val"),
        babble=babble_file,
    output:
        report="results/standins/{corpus}/whisper/standin.json",
        weights="results/standins/{corpus}/whisper/model.safetensors",
    log:
        "results/logs/standins/{corpus}/whisper.log",
    benchmark:
        "results/benchmarks/standins/{corpus}/whisper.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="3GB",
    params:
        code=code("standins.whisper"),
        settings=whisper_settings,
        noise=whisper_noise,
    shell:
        "python -m mavsr.standins.whisper --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --babble {input.babble:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --noise {params.noise:q} --threads {threads} 2> {log:q}"


rule make_avhubert:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
        val_manifest="results/corpus/{corpus}/val.parquet",
        shards=standin_shards("train"),
        val_shards=standin_shards("val"),
    output:
        report="results/standins/{corpus}/avhubert.json",
        weights="results/standins/{corpus}/avhubert.pt",
    log:
        "results/logs/standins/{corpus}/avhubert.log",
    benchmark:
        "results/benchmarks/standins/{corpus}/avhubert.tsv"
    priority: 2  # the longest job of this stage starts first
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="3GB",
    params:
        code=code("standins.avhubert"),
        settings=section("standins", "avhubert"),
    shell:
        "python -m mavsr.standins.avhubert --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --output {output.weights:q}"
        " --settings {params.settings:q} --threads {threads} 2> {log:q}"


rule make_llama:
    input:
        manifest="results/corpus/{corpus}/train.parquet",
    output:
        report="results/standins/{corpus}/llama/standin.json",
        weights="results/standins/{corpus}/llama/model.safetensors",
    log:
        "results/logs/standins/{corpus}/llama.log",
    benchmark:
        "results/benchmarks/standins/{corpus}/llama.tsv"
    priority: 1
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="2GB",
    params:
        code=code("standins.llama"),
        settings=section("standins", "llama"),
    shell:
        "python -m mavsr.standins.llama --manifest {input.manifest:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --threads {threads} 2> {log:q}"
