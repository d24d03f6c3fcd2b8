"""Train projectors and adapters on cached features."""


rule train_model:
    input:
        train=needs.manifest("train"),
        val=needs.manifest("val"),
        audio=needs.features("audio", "train", views),
        video=needs.features("video", "train", views),
        audio_val=needs.features("audio", "val", clean),
        video_val=needs.features("video", "val", clean),
        online=needs.online,
        llm=needs.llm_files,
    output:
        run=paths.RUN,
        metrics=paths.METRICS,
        projectors=paths.PROJECTORS,
        adapters=directory(paths.ADAPTERS),
    log:
        "results/logs/training/{model}.log",
    benchmark:
        "results/benchmarks/training/{model}.tsv"
    wildcard_constraints:
        model=one_of(asked.trained),
    conda:
        "../../envs/mavsr.yaml"
    threads: shared_threads
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        launch="--gpus 1",  # more than one, or --nodes: torchrun (mavsr.cluster.site)
        command=told.training_command,  # no param: code tells them apart
        running=told.training_runs,  # no param: changes no result
        setup=told.setup,  # nor does it: a model is to say how it was made
    params:
        code=code(told.training_command),
        model=told.model,
        training=told.training,
        features=told.training_features,
    shell:
        "exec python -m mavsr.cluster.launch {resources.launch}"
        " mavsr.{resources.command} --output $(dirname {output.run:q})"
        " --train_manifest {input.train:q} --val_manifest {input.val:q}"
        " {params.features} --model {params.model:q} --training {params.training:q}"
        " {resources.running} --setup {resources.setup:q} --threads {threads} 2> {log:q}"
