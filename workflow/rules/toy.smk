"""Train the small encoders and the small LLM of the embedded default."""


rule make_whisper:
    input:
        manifest=paths.MANIFEST.replace("{split}", "train"),
        val_manifest=paths.MANIFEST.replace("{split}", "val"),
        shards=needs.shards(paths.CROPS, "train"),
        val_shards=needs.shards(paths.CROPS, "val"),
        babble=needs.babble,
    output:
        report=f"{paths.TOY_WHISPER}/toy.json",
        weights=f"{paths.TOY_WHISPER}/model.safetensors",
    log:
        "results/logs/toy/{corpus}/whisper.log",
    benchmark:
        "results/benchmarks/toy/{corpus}/whisper.tsv"
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="2GB",
    params:
        code=code("toy.whisper"),
        settings=told.toy_whisper,
        noise=told.toy_noise,
    shell:
        "python -m mavsr.toy.whisper --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --babble {input.babble:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --noise {params.noise:q} --threads {threads} 2> {log:q}"


rule make_avhubert:
    input:
        manifest=paths.MANIFEST.replace("{split}", "train"),
        val_manifest=paths.MANIFEST.replace("{split}", "val"),
        shards=needs.shards(paths.CROPS, "train"),
        val_shards=needs.shards(paths.CROPS, "val"),
    output:
        report=paths.TOY_AVHUBERT_REPORT,
        weights=paths.TOY_AVHUBERT,
    log:
        "results/logs/toy/{corpus}/avhubert.log",
    benchmark:
        "results/benchmarks/toy/{corpus}/avhubert.tsv"
    priority: 2  # the longest job of this stage starts first
    conda:
        "../../envs/mavsr.yaml"
    threads: 1
    resources:
        mem="2GB",
    params:
        code=code("toy.avhubert"),
        settings=told.of("make_avhubert", "toy", "avhubert"),
    shell:
        "python -m mavsr.toy.avhubert --manifest {input.manifest:q}"
        " --val_manifest {input.val_manifest:q} --shards {input.shards:q}"
        " --val_shards {input.val_shards:q} --output {output.weights:q}"
        " --settings {params.settings:q} --threads {threads} 2> {log:q}"


rule make_llama:
    input:
        manifest=paths.MANIFEST.replace("{split}", "train"),
    output:
        report=f"{paths.TOY_LLAMA}/toy.json",
        weights=f"{paths.TOY_LLAMA}/model.safetensors",
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
        settings=told.of("make_llama", "toy", "llama"),
    shell:
        "python -m mavsr.toy.llama --manifest {input.manifest:q}"
        " --output $(dirname {output.report:q}) --settings {params.settings:q}"
        " --threads {threads} 2> {log:q}"
