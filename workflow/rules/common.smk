"""What the rules share: the config, what it asks for, where it lies, what jobs are told."""

from mavsr.report.catalogue import FIGURES, PAPERS, TABLES
from mavsr.status.failures import FAILED, write_failures
from mavsr.workflow import paths
from mavsr.workflow.inputs import Inputs
from mavsr.workflow.model_inputs import clean, heard, seen, views
from mavsr.workflow.needs import made_views
from mavsr.workflow.params import Params, caption, category, features, flag, label
from mavsr.workflow.paths import SPLITS
from mavsr.workflow.start import (
    babble_name,
    begin,
    check_planned,
    one_of,
    planned_code,
    published_tables,
)
from mavsr.workflow.threads import llm_threads
from mavsr.workflow.waiting import wait_for_jobs

asked = begin(config, workflow)
needs, told = Inputs(asked), Params(asked)
# Jobs read nothing from standard input, so no library can ask there; the rest is Snakemake's default.
shell.prefix("set -euo pipefail; exec < /dev/null; ")
code = planned_code(asked, workflow)
shared_threads = llm_threads(asked, workflow)
all_views = made_views(asked.config)
no_view = r"(?!view_)[A-Za-z][A-Za-z0-9_.+-]*"


wildcard_constraints:
    corpus=one_of(asked.config.corpora),
    encoder=one_of(asked.config.encoders),
    model=one_of(asked.models),
    split="train|val|test",
    at=f"|@({one_of(asked.config.corpora)})",
    condition=r"(?!val/)[A-Za-z][A-Za-z0-9_.+-]*",  # val/: of decode_validation alone
    noise=one_of(asked.config.noises),
    shard=r"\d{5}",
    experiment=one_of(asked.config.experiments),
    name=one_of(TABLES | FIGURES),
    scale=r"a\d+(_v\d+)?|v\d+",
