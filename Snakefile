"""Matryoshka audio-visual speech recognition: from videos to the papers' tables."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/mouths.smk"
include: "workflow/rules/noise.smk"
include: "workflow/rules/toy.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    download_babble,
    download_corpus,
    features,
    fetch_retinaface,
    paper,
    report_pages,


onstart:
    check_planned(asked, workflow)
    wait_for_jobs(workflow)


rule all:
    default_target: True
    input:
        paths.WER,
        paths.COST,
        paths.CHECKS,
        paths.PARAMETERS,
        paths.RESULTS,
        needs.losses(),
        needs.shown(TABLES | FIGURES),
        needs.sheets,


rule paper:
    input:
        needs.shown(PAPERS),


# By itself after a loss: docs/reruns.md.
rule features:
    input:
        needs.all_features,


rule report_pages:
    input:
        rules.all.input,
        paths.RUN_PAGE,
        expand(paths.LOSS_CURVE, model=asked.trained),
        expand(paths.ERRORS, model=asked.models),
        expand(paths.CLIP_PAGES, corpus=asked.heard_clean),


onsuccess:
    FAILED.unlink(missing_ok=True)


onerror:
    write_failures(log)
