"""Train projectors and adapters on cached features."""


rule train_model:
    input:
        train=manifest("train"),
        val=manifest("val"),
        audio=features("audio", "train", all_views),
        video=features("video", "train", all_views),
        audio_val=features("audio", "val", only_clean),
        video_val=features("video", "val", only_clean),
        online=online_inputs,
        llm=llm_files,
    output:
        run="results/training/{model}/run.json",
        metrics="results/training/{model}/metrics.csv",
        projectors="results/training/{model}/projectors.safetensors",
        adapters=directory("results/training/{model}/adapters"),
    log:
        "results/logs/training/{model}.log",
    benchmark:
        "results/benchmarks/training/{model}.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="4GB",
        gpu_jobs=1,  # the default profile limits them
        launch="--gpus 1",  # more than one, or --nodes: torchrun (mavsr.cluster.site)
        running=training_running(),  # no param: changes no result
        setup=setup_json,  # nor does it: what decides a result are the inputs and params
    params:
        code=code("training.train"),
        model=model_json,
        training=training_settings,
        features=training_features,
    shell:
        "exec python -m mavsr.cluster.launch {resources.launch}"
        " mavsr.training.train --output $(dirname {output.run:q})"
        " --train_manifest {input.train:q} --val_manifest {input.val:q}"
        " {params.features} --model {params.model:q} --training {params.training:q}"
        " {resources.running} --setup {resources.setup:q} --threads {threads} 2> {log:q}"
