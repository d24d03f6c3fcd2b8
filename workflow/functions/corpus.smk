"""What the corpus rules read, fetch and pass on."""


def corpus_tree(wildcards):
    """The listing of a corpus that the workflow makes or fetches; nothing for one that is there."""
    ours = wildcards.corpus in MADE + FETCHED
    return f"results/corpus/{wildcards.corpus}/tree.json" if ours else []


def download_json(wildcards):
    """What is fetched of a corpus, without what does not change the tree."""
    section = config["corpora"][wildcards.corpus]["download"]
    return json.dumps({k: section[k] for k in ("archives", "files") if k in section})


def download_option(key, default):
    """Resources function: how a corpus is fetched, which changes no result."""
    return lambda wildcards: json.dumps(
        config["corpora"][wildcards.corpus]["download"].get(key, default)
    )


def corpus_lists(wildcards):
    """The user's table or list of clips that decides how a corpus is read, if it is there."""
    corpus = config["corpora"][wildcards.corpus]
    names = [corpus.get("transcripts"), corpus.get("validation")]
    splits = corpus.get("splits", {}).values()
    names += [Path(corpus["root"], name) for part in splits for name in part]
    return [str(name) for name in names if name and Path(name).is_file()]


def corpus_reading(wildcards):
    """Kind of a corpus and how it is read, for a command line."""
    return json.dumps(reading_settings(config["corpora"][wildcards.corpus]))
