"""Find or make a corpus and write one manifest per split."""


rule make_portrait:
    output:
        listing=paths.TREE,
    log:
        "results/logs/corpus/{corpus}/make.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/make.tsv"
    wildcard_constraints:
        corpus=one_of(asked.made),
    conda:
        "../../envs/mavsr.yaml"
    threads: 8
    resources:
        mem="2GB",
    params:
        code=code("toy.portrait.make"),
        root=told.of("make_portrait", "corpora", "{corpus}", "root"),
        settings=told.of("make_portrait", "corpora", "{corpus}", "make"),
    shell:
        "python -m mavsr.toy.portrait.make --root {params.root:q}"
        " --listing {output.listing:q} --settings {params.settings:q}"
        " --workers {threads} 2> {log:q}"


rule download_corpus:
    output:
        listing=paths.TREE,
    log:
        "results/logs/corpus/{corpus}/download.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/download.tsv"
    wildcard_constraints:
        corpus=one_of(asked.fetched),
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
        # No params: they change no result.
        parallel=told.running(
            "download_corpus", "corpora", "{corpus}", "download", "parallel"
        ),
        keep_archives=told.running(
            "download_corpus", "corpora", "{corpus}", "download", "keep_archives"
        ),
    params:
        # No code: the bytes are the server's, and no change of it calls for new crops.
        root=told.of("download_corpus", "corpora", "{corpus}", "root"),
        settings=told.of("download_corpus", "corpora", "{corpus}", "download"),
    shell:
        "python -m mavsr.corpus.download.get --corpus {wildcards.corpus} --root {params.root:q}"
        " --listing {output.listing:q} --settings {params.settings:q}"
        " --settings.parallel {resources.parallel}"
        " --settings.keep_archives {resources.keep_archives} 2> {log:q}"


rule scan_corpus:
    input:
        tree=needs.corpus_tree,
        lists=needs.corpus_lists,
    output:
        expand(paths.MANIFEST, split=SPLITS, allow_missing=True),
        dropped=paths.SCAN_DROPPED,
    log:
        "results/logs/corpus/{corpus}/scan.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}/scan.tsv"
    conda:
        "../../envs/mavsr.yaml"
    resources:
        mem="2GB",
        needed=told.needed_splits,  # no param: changes no result of a job that succeeds
    params:
        code=code("corpus.scan"),
        root=told.of("scan_corpus", "corpora", "{corpus}", "root"),
        shards=told.of("scan_corpus", "corpora", "{corpus}", "shards"),
        reading=told.reading,
        audio=told.of("scan_corpus", "mouths", "audio"),
    shell:
        "python -m mavsr.corpus.scan --root {params.root:q}"
        " --output_folder $(dirname {output.dropped:q}) --shards {params.shards:q}"
        " --reading {params.reading:q} --audio {params.audio}"
        " --needed {resources.needed} 2> {log:q}"
