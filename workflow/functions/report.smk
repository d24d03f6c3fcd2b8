"""What tables, figures and pages are made of."""


def shown(beginnings=("",)):
    """Files of the tables and figures that have anything to show under this config."""
    files = [(TABLES, ("csv", "md", "tex", "html")), (FIGURES, ("pdf", "png"))]
    return [
        f"results/{name}.{suffix}"
        for names, suffixes in files
        for name, experiment in names.items()
        if experiment is None or evaluations_of(experiment)
        if name.startswith(beginnings)
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
    if wildcards.name.startswith("mome/"):
        return "MoME"
    return "Llama-MTSK" if wildcards.name.startswith(PAPERS) else "Beyond the papers"


def caption_of(wildcards):
    """What a figure shows."""
    return CAPTIONS[wildcards.name]


def routing_of(wildcards):
    """Input function: which experts the first model of the figure's experiment uses, if shown."""
    if wildcards.name not in ROUTED:
        return []
    return [
        f"results/evaluation/{e.model.name}/clean/routing.csv"
        for e in evaluations_of(FIGURES[wildcards.name])
    ][:1]


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
