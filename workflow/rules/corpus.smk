"""Find or make a corpus and write one manifest per split."""


rule make_portrait:
    output:
        listing="results/corpus/{corpus}/tree.json",
    log:
        "results/logs/corpus/{corpus}/make.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/make.tsv"
    wildcard_constraints:
        corpus=one_of(MADE),
    conda:
        "../../envs/mavsr.yaml"
    threads: 8
    resources:
        mem="2GB",
    params:
        code=code("toy.portrait.make"),
        root=lambda wildcards: config["corpora"][wildcards.corpus]["root"],
        settings=per_corpus("make"),
    shell:
        "python -m mavsr.toy.portrait.make --root {params.root:q}"
        " --listing {output.listing:q} --settings {params.settings:q}"
        " --workers {threads} 2> {log:q}"


rule download_corpus:
    output:
        listing="results/corpus/{corpus}/tree.json",
    log:
        "results/logs/corpus/{corpus}/download.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/download.tsv"
    wildcard_constraints:
        corpus=one_of(FETCHED),
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
        # No params: they change no result.
        parallel=download_option("parallel", 4),
        keep_archives=download_option("keep_archives", True),
    params:
        # No code: the bytes are the server's, and no change of it calls for new crops.
        root=lambda wildcards: config["corpora"][wildcards.corpus]["root"],
        settings=download_json,
    shell:
        "python -m mavsr.corpus.download.get --corpus {wildcards.corpus} --root {params.root:q}"
        " --listing {output.listing:q} --settings {params.settings:q}"
        " --settings.parallel {resources.parallel}"
        " --settings.keep_archives {resources.keep_archives} 2> {log:q}"


rule scan_corpus:
    input:
        tree=corpus_tree,
        lists=corpus_lists,
    output:
        train="results/corpus/{corpus}/train.parquet",
        val="results/corpus/{corpus}/val.parquet",
        test="results/corpus/{corpus}/test.parquet",
        dropped="results/corpus/{corpus}/dropped.csv",
    log:
        "results/logs/corpus/{corpus}/scan.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/scan.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
    params:
        code=code("corpus.scan"),
        root=lambda wildcards: config["corpora"][wildcards.corpus]["root"],
        shards=per_corpus("shards"),
        reading=corpus_reading,
        audio=config["mouths"].get("audio", "required"),
    shell:
        "python -m mavsr.corpus.scan --root {params.root:q}"
        " --output_folder results/corpus/{wildcards.corpus} --shards {params.shards:q}"
        " --reading {params.reading:q} --audio {params.audio} 2> {log:q}"
