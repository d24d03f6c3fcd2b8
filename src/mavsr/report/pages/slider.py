"""Sliders over the rates of a model: what it heard, and at what price."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mavsr.report.names import plain
from mavsr.report.page import tag
from mavsr.report.pages.transcripts import Attempt, nbest_list, words_table

SLIDER_STYLE = """
.players { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end; }
figure { margin: 0; } figcaption { color: var(--quiet); font-size: 13px; }
video, audio { max-width: 100%; display: block; }
@media (max-width: 700px) {
  .players { gap: .6rem; align-items: start; }
  .players figure { width: min-content; }
  .players video { height: 128px; width: auto; max-width: none; }
  .players audio { height: 36px; width: 18rem; max-width: none; }
}
.control { display: grid; grid-template-columns: max-content 1fr max-content; gap: .4rem .8rem;
  align-items: center; max-width: 34rem; margin: 1.2rem 0 .6rem; }
.control select { grid-column: 2 / 4; min-width: 0; }
.cost { display: grid; grid-template-columns: max-content 1fr max-content; gap: .2rem .8rem;
  max-width: 34rem; }
.cost meter { width: 100%; }
[hidden] { display: none !important; }
"""
SCRIPT = """<script>
const model = document.getElementById("model");
const sliders = [...document.querySelectorAll("input[type=range]")];
function show() {
  const rates = JSON.parse(model.selectedOptions[0].dataset.rates);
  for (const s of sliders) {
    const own = rates[s.id];
    for (const part of document.querySelectorAll(`[data-for=${s.id}]`)) part.hidden = !own.length;
    s.max = Math.max(own.length - 1, 0);
    s.disabled = own.length < 2;
    s.value = Math.min(s.value, s.max);
    document.getElementById(s.id + "-now").textContent = own.length ? own[s.value] : "";
  }
  const wanted = sliders.map(s => rates[s.id][s.value] ?? "").join(",");
  let found = false;
  for (const part of document.querySelectorAll("[data-scale]")) {
    part.hidden = part.dataset.model !== model.value || part.dataset.scale !== wanted;
    found ||= !part.hidden;
  }
  document.getElementById("none").hidden = found;
}
for (const part of [model, ...sliders]) part.addEventListener("input", show);
show();
const whole = document.getElementById("whole"), crops = document.getElementById("crops");
if (whole) {
  for (const what of ["play", "pause"]) whole.addEventListener(what, () => crops[what]());
  whole.addEventListener("seeking", () => crops.currentTime = whole.currentTime);
}
</script>"""


@dataclass(frozen=True)
class Choice:
    """What a model made of a clip at one scale."""

    audio_rate: int | None
    video_rate: int | None
    attempt: Attempt


def slider(models: Mapping[str, Sequence[Choice]], flops: tuple[float, str]) -> str:
    """A choice of models, a slider per modality, and below them what the chosen scale gives.

    Args:
        models: name -> its choices, at least one.
        flops: factor and name of the unit of FLOPs.
    """
    options, parts = [], []
    dearest = max((c.attempt.tokens or 0) for choices in models.values() for c in choices)
    for place, (name, choices) in enumerate(models.items()):
        rates = {
            "audio": sorted({c.audio_rate for c in choices if c.audio_rate is not None}),
            "video": sorted({c.video_rate for c in choices if c.video_rate is not None}),
        }
        data = json.dumps(rates)
        options.append(tag("option", escape(name), value=place, data_rates=data))
        parts += [_part(place, choice, dearest, flops) for choice in choices]
    chosen = tag("label", "model", for_="model") + tag("select", *options, id="model")
    return "".join(
        [
            tag("div", chosen, _range("audio"), _range("video"), class_="control"),
            *parts,
            tag("p", "This model has no such pair of rates.", id="none", hidden=True),
        ]
    )


def _range(modality: str) -> str:
    return "".join(
        [
            tag("label", f"{modality} rate", for_=modality, data_for=modality),
            tag("input", type="range", id=modality, min=0, value=0, step=1, data_for=modality),
            tag("output", id=f"{modality}-now", data_for=modality),
        ]
    )


def _part(place: int, choice: Choice, dearest: int, flops: tuple[float, str]) -> str:
    one, (factor, unit) = choice.attempt, flops
    scale = ",".join(
        "" if rate is None else str(rate) for rate in (choice.audio_rate, choice.video_rate)
    )
    said = [cell.said for cell in one.alignment.cells]
    cost = ""
    if one.tokens is not None and one.tflops is not None:
        meter = tag("meter", max=dearest, value=one.tokens)
        lines = [
            ("LLM tokens", meter, f"{one.tokens}"),
            (unit, "", plain(one.tflops * factor)),
            ("errors", "", f"{one.alignment.errors} of {len(said)} words"),
            *(
                [("probability", "", f"{math.exp(one.found.log_probability):.2f}")]
                if one.found
                else []
            ),
        ]
        cells = [tag("span", name) + tag("span", bar) + tag("b", now) for name, bar, now in lines]
        cost = tag("div", *cells, class_="cost")
    table = words_table(said, [one])
    shown = f"{cost}{table}{nbest_list(one)}"
    return tag("div", shown, data_model=place, data_scale=scale, hidden=True)
