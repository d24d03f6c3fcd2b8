"""Made-up scores of every figure, and the figures drawn of them."""

import pandas as pd
from synthetic import score, table

from mavsr.report.figure import figure_builder
from mavsr.report.figures.style import styled
from mavsr.report.sources import ReportSettings, Sources

METHODS = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]


MOME = {"mome-mhsa": "r23k4s1b12"}


def mome_rows(rates):
    return [
        score(method, *rate, 10.0 + place, variant=MOME.get(method, ""))
        for place, method in enumerate(("llama-avsr", "mtsk-mss", "mome-mhsa"))
        for rate in rates
    ]


def noisy(method, audio, video, wer):
    conditions = (("snr_-5", 20), ("snr_0", 8), ("clean", 0))
    return [score(method, audio, video, wer + more, name) for name, more in conditions]


def failing(variant="", more=0.0):
    """Rows of audio, video and both, of which ``more`` is what another variant is worse by."""
    audio = {"clean": 10, "snr_5": 14, "snr_-5": 30, "speech_5": 20, "speech_-5": 40}
    video = {"clean": 20, "drop_25": 30, "drop_50": 45}
    both = {"clean": 5, "snr_5": 8, "snr_-5": 15, "speech_5": 9, "speech_-5": 18, "no_audio": 60}
    both |= {"snr_-5+drop_25": 20, "snr_-5+drop_50": 26, "snr_-5+no_video": 33, "no_video": 12}
    both |= {"snr_-5+late_80": 16, "snr_-5+late_240": 28, "snr_-5+blur_4": 17}
    tasks = ((4, None, audio), (None, 2, video), (4, 2, both))
    return [
        score("mtsk-ms", a, v, wer + more, condition, variant=variant)
        for a, v, wers in tasks
        for condition, wer in wers.items()
    ]


ROWS = {
    "figure3": [
        score(m, a, None, a + 1.0, compression=c)
        for c in ("avgpool", "stack")
        for m in METHODS
        for a in (4, 8)
    ],
    "figure4": [score(m, None, v, v + 9.0) for m in METHODS for v in (1, 5)],
    "figure5": [score(m, a, None, a + 1.0, compression="stack") for m in METHODS for a in (2, 4)],
    "figure6": [score(m, 4, v, v + 9.0, compression="stack") for m in METHODS for v in (2, 5)],
    "mome/asr": mome_rows([(4, None), (8, None), (16, None)]),
    "mome/vsr": mome_rows([(None, 1), (None, 5)]),
    "mome/noise": noisy("llama-avsr", 4, 2, 9.0) + noisy("mtsk-mss", 4, 2, 8.0),
    "mome/parameters": mome_rows([(4, 2)]),
    "mome/experts": mome_rows([(4, 2)]),
    "mome/expert_bars": mome_rows([(4, 2)]),
    "mome/expert_bars_ffn": mome_rows([(4, 2)]),
    "mome/similarity": mome_rows([(4, 2)]),
    "figures/noise": noisy("mtsk-ms", 4, None, 12.0)
    + noisy("mtsk-ms", 4, 2, 9.0)
    + [score("mtsk-ms", None, 2, 14.0)],
    "figures/robustness": failing(),
    "figures/tradeoff": [
        score(m, a, v, a + v / 9) for m in METHODS for a in (4, 16) for v in (2, 5)
    ],
}


ROWS["figures/tokens"] = [
    {**row, "tokens": 300 * row["tflops"]} for row in ROWS["figures/tradeoff"]
]


ROWS["figures/confidence"] = ROWS["figures/tradeoff"]


ADAPTIVE = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "task": "avsr", "method": method, "variant": ""},
            **{"model": method, "start": "a16_v5", "finish": "a4_v2", "split": split},
            "trained_on": "portrait",
            **{"threshold": -3.0 + place, "chosen": place == 1, "refined": 30.0 * place},
            **{"wer": 12.0 - place, "wer_low": 10.0, "wer_high": 13.0},
            **{"tflops": 0.2 + 0.1 * place, "finish_wer": 10.0, "finish_tflops": 0.5},
        }
        for method in ("mtsk-mss", "mtsk-ms")
        for split in ("val", "test")
        for place in range(3)
    ]
)


CONFIDENCE = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "task": "avsr", "method": "mtsk-ms", "variant": ""},
            **{"encoders": "w+a", "llm": "llama", "compression": "avgpool", "seed": 0},
            **{"model": "m", "scale": "a4_v2", "unit": unit, "curve": curve},
            "trained_on": "portrait",
            **{"x": x, "y": 0.9 * x if curve == "reliability" else 20 * x, "area": 9.5},
        }
        for unit, curve in (
            ("utterance", "reliability"),
            ("utterance", "risk"),
            ("word", "reliability"),
        )
        for x in (0.2, 0.6, 1.0)
    ]
)


DIFFERENCES = pd.DataFrame(
    [
        {
            **{"corpus": "portrait", "condition": "clean", "method": method, "variant": ""},
            **{"baseline": "llama-avsr", "audio_rate": a, "video_rate": v, "tokens": 900 / a + v},
            **{"difference": 0.5, "low": -0.75, "high": 1.0, "trained_on": "portrait"},
        }
        for method in METHODS[1:]
        for a in (4, 16)
        for v in (2, 5)
    ]
)


ROUTING = pd.DataFrame(
    [
        (layer, scale, kind, expert, 2 * expert + (kind == "audio"), 1 / 6)
        for layer in range(3)
        for scale in ("a4_v2", "a16_v5")
        for kind in ("text", "audio", "video")
        for expert in range(6)
    ],
    columns=["layer", "scale", "modality", "expert", "choices", "share"],
)


SIMILARITY = pd.DataFrame(
    [
        ("clip", one, other, token, other_token, 0.1 * token - 0.05 * other_token)
        for one, other in (("a4", "a16"), ("a4", "v2"), ("a16", "v2"), ("v2", "v5"))
        for token in range(4)
        for other_token in range(3)
    ],
    columns=["key", "one", "other", "token", "other_token", "similarity"],
)


def build(
    name,
    rows=None,
    kinds=None,
    routing=ROUTING,
    similarity=SIMILARITY,
    differences=DIFFERENCES,
    confidence=CONFIDENCE,
    adaptive=ADAPTIVE,
):
    scores = table(ROWS[name] if rows is None else rows)
    settings = ReportSettings(kinds=kinds or {"portrait": "portrait"})
    sources = Sources(
        scores,
        settings,
        routing=routing,
        similarity=similarity,
        adaptive=adaptive,
        confidence=confidence,
        differences=differences,
    )
    with styled():
        return figure_builder(name)(sources)


def names_in_legend(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def bars(axes):
    return [patch for container in axes.containers for patch in getattr(container, "patches", [])]


def as_paper(rows, corpus):
    parts = {
        "encoders": "whisper-small",
        "llm": "llama-3.2-1b",
        "corpus": corpus,
        "trained_on": corpus,
    }
    return [{**row, **parts} for row in rows]
