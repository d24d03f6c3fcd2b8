"""What the mouths rules are given."""


def crop_settings(wildcards):
    """Settings of the cropping job: of the config's section what changes its crops."""
    mouths = config["mouths"]
    reads = {"detector", "detect_every", "min_face_share", "audio", "min_frames", "max_av_gap_s"}
    reads |= {"codec"}
    settings = {k: v for k, v in mouths.items() if k in reads}
    if mouths["detector"] == "landmarks":
        settings["landmarks"] = mouths["landmarks"]
    if mouths["detector"] == "retinaface":
        settings["weights"] = retinaface_path()
    return json.dumps(settings)


def retinaface_path():
    """Where RetinaFace's weights lie: the user's own file, or the one that is fetched."""
    weights = config["mouths"]["retinaface"]["weights"]
    return "results/mouths/retinaface.weights" if "://" in weights else weights


def detector_weights(wildcards):
    """The file of the detector's weights if it has one; the user's own only where it lies there."""
    if config["mouths"]["detector"] != "retinaface":
        return []
    path = retinaface_path()
    # A dry run needs no data; a real one asks mavsr.preflight first.
    return path if path.startswith("results/") or Path(path).exists() else []


def retinaface_file(wildcards):
    """URL and SHA-256 of the detector's weights, as JSON."""
    settings = config["mouths"]["retinaface"]
    return json.dumps({"url": settings["weights"], "sha256": settings["sha256"]})


def ledger_summaries(wildcards):
    """What became of the clips of every corpus that a model uses."""
    corpora = sorted({model.corpus for model in MODELS.values()})
    return [f"results/mouths/{corpus}/ledger_summary.csv" for corpus in corpora]
