"""What tables, figures and pages are made of."""


def shown(wanted):
    """Files of those of the ``wanted`` tables and figures that this config has results for."""
    files = [(TABLES, ("csv", "md", "tex", "html", "rst")), (FIGURES, ("pdf", "png"))]
    return [
        f"results/{name}.{suffix}"
        for names, suffixes in files
        for name, experiment in names.items()
        if experiment is None or evaluations_of(experiment)
        if name in wanted
        for suffix in suffixes
    ]


def scores_of(wildcards):
    """Input function: the scores that a table or figure shows, if it shows any."""
    try:
        experiment = experiment_of(wildcards.name, config["experiments"])
    except InputError as error:
        raise WorkflowError(str(error)) from None
    if experiment and not evaluations_of(experiment):
        raise WorkflowError(
            f"{wildcards.name} shows experiments.{experiment}, of which use_experiments or "
            "use_corpora leaves nothing; add it there, or set both to null"
        )
    return f"results/evaluation/{experiment}.csv" if experiment else []


def report_category(wildcards):
    """Heading in the report under which a table or figure stands."""
    return PAPERS.get(wildcards.name, "Beyond the papers")


def report_label(kind):
    """Label of a table or figure in the report.

    One label, as Snakemake takes a second one whose two values are equally frequent for a switch between
    twins, and its page stays empty where there are none.
    """

    def labels(wildcards):
        name = wildcards.name
        return {"shows": name if kind in name else f"{name} ({kind})"}

    return labels


def caption_of(wildcards):
    """What a figure shows."""
    return CAPTIONS[wildcards.name]


def routing_of(wildcards):
    """Input function: which experts the first MoME model of the figure's experiment uses, if shown."""
    if wildcards.name not in ROUTED:
        return []
    experiment = FIGURES[wildcards.name]
    models = [e.model for e in evaluations_of(experiment) if e.model.settings.mome]
    if not models:
        raise WorkflowError(
            f"{wildcards.name} shows the experts of the first MoME model of experiments.{experiment}, "
            "which has none; add a method such as mome-mhsa to it"
        )
    return f"results/evaluation/{models[0].name}/clean/routing.csv"


def report_json(wildcards):
    """What of the config a table or figure reads: that of its scores, or of arithmetic alone."""
    experiment = (TABLES | FIGURES)[wildcards.name]
    if experiment is None:
        return json.dumps({"rates": config["rates"], "table4": config["table4"]})
    corpora = sorted({e.model.corpus for e in evaluations_of(experiment)})
    kinds = {name: config["corpora"][name]["kind"] for name in corpora}
    return json.dumps({"kinds": kinds})


def mouth_sheets(wildcards):
    """What a person looks at to judge the crops of every corpus that an experiment uses."""
    corpora = sorted({model.corpus for model in MODELS.values()})
    return [
        path
        for corpus in corpora
        for path in (
            f"results/mouths/{corpus}/ledger_summary.csv",
            *(
                f"results/report/mouths/{corpus}_{s}.png"
                for s in ("train", "val", "test")
            ),
        )
    ]
