"""Where every output lies, written once; rules, inputs, plan and status read it here."""

from mavsr.config.toy import MADE, TOYS

__all__ = ["TOYS"]

SPLITS = ("train", "val", "test")

TREE = "results/corpus/{corpus}/tree.json"
MANIFEST = "results/corpus/{corpus}/{split}.parquet"
SCAN_DROPPED = "results/corpus/{corpus}/dropped.csv"

RETINAFACE = "results/mouths/retinaface.weights"
CROPS = "results/mouths/{corpus}/{split}/{shard}.tar"
CROPS_LEDGER = "results/mouths/{corpus}/{split}/{shard}.csv"
CROPS_INDEX = "results/mouths/{corpus}/{split}/index.json"
LEDGER = "results/mouths/{corpus}/{split}/ledger.csv"
LEDGER_SUMMARY = "results/mouths/{corpus}/ledger_summary.csv"
SHEET = "results/report/mouths/{corpus}_{split}.png"

OWN_BABBLE = "results/noise/{corpus}/babble.flac"
"""Mixed from the voices of a corpus."""
BABBLE = "results/noise/babble.flac"
"""From the config's recording."""
BABBLE_DOWNLOAD = "results/noise/download/{name}"
NAMED_NOISE = "results/noise/named/{noise}.flac"
"""A further noise from a recording."""
NOISE_LIST = "results/noise/named/{noise}.parquet"
"""Of the recordings in a folder."""
NOISY = "results/noise/{corpus}/{split}/{condition}/{shard}.tar"

TOY_WHISPER = MADE["whisper"]
TOY_AVHUBERT = MADE["avhubert"]
TOY_AVHUBERT_REPORT = f"{TOY_AVHUBERT.removesuffix('.pt')}.json"
TOY_LLAMA = MADE["llm"]

FEATURES = "results/features/{encoder}/{corpus}/{split}/{condition}/{shard}.tar"
FEATURES_SAMPLES = "results/features/{encoder}/{corpus}/{split}/{condition}/samples.parquet"
FEATURES_INDEX = "results/features/{encoder}/{corpus}/{split}/{condition}/index.json"

RUN = "results/training/{model}/run.json"
METRICS = "results/training/{model}/metrics.csv"
PROJECTORS = "results/training/{model}/projectors.safetensors"
ADAPTERS = "results/training/{model}/adapters"

HYPOTHESES = "results/evaluation/{model}/{condition}{at}/{scale}.jsonl"
"""``at`` is ``@`` and the corpus, where it is not the one that the model was trained on."""
DECODED = "results/evaluation/{model}/{condition}{at}/{scale}.json"
VALIDATED = "results/evaluation/{model}/val/{scale}.jsonl"
"""Hypotheses of the clean validation split, by which scales and thresholds are chosen."""
VALIDATED_BY = "results/evaluation/{model}/val/{scale}.json"
ADAPTED = "results/evaluation/{experiment}_adaptive.csv"
JUDGED = "results/evaluation/{experiment}_confidence.csv"
COMPARED = "results/evaluation/{experiment}_differences.csv"
VALIDATION_SCORES = "results/evaluation/{experiment}_validation.csv"
EXPERIMENT_COST = "results/evaluation/{experiment}_cost.csv"
ROUTING = "results/evaluation/{model}/{condition}{at}/routing.csv"
SIMILARITY = "results/evaluation/{model}/{condition}{at}/similarity.csv"
SCORES = "results/evaluation/{experiment}.csv"
WER = "results/wer.csv"

COST = "results/cost.csv"
CHECKS = "results/checks.csv"
PARAMETERS = "results/parameters.csv"
LOSSES = "results/report/losses"
LOSS_CURVE = "results/report/training/{model}.png"
ERRORS = "results/errors/{model}.html"
CLIP_PAGES = "results/report/clips/{corpus}"
RESULTS = "results/RESULTS.md"
FIRST_PAGE = "results/report/measured.rst"
"""Its first lines, for Snakemake's report."""
RUN_PAGE = "results/report/run.html"
SHOWN = "results/{name}"
"""A table or figure, without its suffix."""
LONG = "results/{name}_long.csv"
"""What a table shows, with every column of its scores."""


def shard_names(count: int) -> list[str]:
    """Zero-padded numbers of so many shards."""
    return [f"{number:05d}" for number in range(count)]
