"""Tables built of made-up scores."""

from mavsr.report.sources import ReportSettings, Sources
from mavsr.report.table import table_builder

METHODS = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]
PAIRS = [(4, 2), (4, 5), (16, 2), (16, 5)]
KINDS = {"portrait": "portrait", "mine": "lrs3", "lrs3": "folder"}
SMALL = {"encoders": "whisper-small+avhubert-large", "llm": "llama-3.2-1b"}
LARGE = {"encoders": "whisper-medium+avhubert-large", "llm": "llama-3.1-8b"}
LRS2 = {**SMALL, "llm": "llama-3.2-3b", "corpus": "two", "trained_on": "two"}
"""Set-ups of the papers' tables."""


def build(name, scores, **settings):
    return table_builder(name)(Sources(scores, ReportSettings(**{"kinds": KINDS, **settings})))
