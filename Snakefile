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
    features,
    paper,
    report_pages,


onstart:
    check_planned()


rule all:
    default_target: True
    input:
        "results/wer.csv",
        "results/checks.csv",
        "results/parameters.csv",
        "results/report/losses.png",
        shown(TABLES | FIGURES),
        mouth_sheets,


rule paper:
    input:
        shown(PAPERS),


# By itself after a loss: docs/reruns.md.
rule features:
    input:
        feature_indexes,


rule report_pages:
    input:
        rules.all.input,
        "results/report/run.html",
        expand("results/report/training/{model}.png", model=MODELS),


onsuccess:
    FAILED.unlink(missing_ok=True)


onerror:
    write_failures(log)
