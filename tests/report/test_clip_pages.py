"""Pages of errors and of clips: whole, self-contained, and of what the files say."""

import base64
import io
import re

import av
import pandas as pd
import pytest
from crops import make_audio, make_crops
from evaluated import SIDECAR
from trees import manifest_row
from videos import write_mp4

from mavsr.config.scoring import ScoringSettings
from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import Recognised, line_of, write_hypotheses
from mavsr.media import encode_audio, encode_lossless
from mavsr.report.pages.clips import by_model, clips, evenly
from mavsr.report.pages.decoded import Decoded
from mavsr.report.pages.errors import errors
from mavsr.shards import write_shard

SAID = {"s1-a": "bin blue <now>", "s1-b": "lay red soon", "s2-c": "set white again"}
HEARD = {
    "a4_v2": {"s1-a": "bin blue <now>", "s1-b": "lay red", "s2-c": "set white again"},
    "a16_v2": {"s1-a": "bin blew <now>", "s1-b": "red", "s2-c": "set white again"},
}


def fields(key, seed=0):
    seed = len(key) + seed
    return {"mkv": encode_lossless(make_crops(seed)), "flac": encode_audio(make_audio(seed))}


@pytest.fixture
def place(tmp_path):
    """A manifest, its videos, shards, and the hypotheses of two models."""
    rows = []
    for key, text in SAID.items():
        video = write_mp4(tmp_path / f"{key}.mp4", make_crops(1, 25, 300), make_audio(1))
        rows.append(manifest_row(key, video, text=text, split="test", speaker=key[:2], end=1.0))
    write_manifest(tmp_path / "test.parquet", pd.DataFrame(rows))
    write_shard(tmp_path / "crops" / "00000.tar", ((key, fields(key)) for key in sorted(SAID)))
    for condition, seed in (("clean", 0), ("snr_0", 5)):
        path = tmp_path / "noise" / condition / "00000.tar"
        noisy = ((key, {"flac": fields(key, seed)["flac"]}) for key in sorted(SAID))
        write_shard(path, noisy)
        for model, method in (("m.ms", "mtsk-ms"), ("m.ffn", "mome-ffn")):
            for scale, texts in HEARD.items():
                decoded(tmp_path / model / condition / f"{scale}.jsonl", method, condition, texts)
    return tmp_path


def decoded(path, method, condition, texts, **origin):
    audio = int(path.stem[1:].split("_")[0])
    lines = [
        line_of(key, SAID[key], found(text), 400 // audio) for key, text in sorted(texts.items())
    ]
    sidecar = SIDECAR | {
        "origin": SIDECAR["origin"] | origin,
        "condition": condition,
        "model": SIDECAR["model"] | {"method": method},
        "audio_rate": audio,
        "tokens": 400 / audio,
    }
    write_hypotheses(path, lines, sidecar)


def found(text):
    words = [-0.1] * len(text.split())
    return Recognised(text, -0.5, words, [(text, -0.5), ("another & one", -2.0)])


def write_errors(place, conditions=("clean",), model="m.ms", **changes):
    paths = [place / model / c / f"{scale}.jsonl" for c in conditions for scale in HEARD]
    options = {"scoring": ScoringSettings(), "worst": 5, "output": place / "errors.html", **changes}
    errors(paths, place / "test.parquet", [place / "crops" / "00000.tar"], **options)
    return (place / "errors.html").read_text(encoding="utf-8")


def test_a_page_of_errors_shows_the_worst_utterances_at_all_scales(place):
    text = write_errors(place)
    assert re.findall(r"<h3>(\S+) ", text) == ["s1-b", "s1-a"], "worst first, the faultless never"
    assert "<h1>Llama-MTSK MS: the most errors</h1>" in text
    assert "WER 11.1 % at (4,2), 33.3 % at (16,2). Of 3 utterances 1 are right" in text
    [first, second] = text.split("<section>")[1:]
    assert first.count("<tr>") == second.count("<tr>") == 3
    assert re.search(r'<td class="substituted" style="--p:0.905"[^>]*>blew</td>', second)
    assert first.count('<td class="deleted">–</td>') == 3
    assert "0+1+0" in first
    assert "0+2+0" in first
    assert "another &amp; one" in first


def test_where_characters_are_counted_a_page_says_so(place):
    text = write_errors(place, scoring=ScoringSettings(unit="character"))
    assert "CER 11.4 % at (4,2)" in text  # "soon" of 35 characters
    assert "most errors per character over all scales" in text
    assert "S+D+I are characters taken" in text


def test_what_a_page_needs_is_in_it_and_texts_are_no_markup(place):
    text = write_errors(place)
    assert "<now>" not in text
    assert "&lt;now&gt;" in text
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert len(addresses) == 4
    assert all(address.startswith("data:") for address in addresses)
    picture = base64.b64decode(re.search(r"data:image/jpeg;base64,([^\"]+)", text)[1])
    assert picture[:2] == b"\xff\xd8"


def test_every_condition_has_its_audio(place):
    noisy = [place / "noise" / "snr_0" / "00000.tar"]
    text = write_errors(place, ("snr_0", "clean"), noisy=noisy)
    assert re.findall(r"<h2>(.+?)</h2>", text) == ["Condition clean", "Condition snr_0"]
    heard = [set(re.findall(r"audio/flac;base64,([^\"]+)", part)) for part in text.split("<h2>")]
    assert base64.b64decode(next(iter(heard[1]))) == fields("s1-b")["flac"]
    assert not heard[1] & heard[2]


def test_a_page_is_of_one_model(place):
    paths = [place / model / "clean" / "a4_v2.jsonl" for model in ("m.ms", "m.ffn")]
    with pytest.raises(InputError, match=r"is of one model, not of m\.ffn, m\.ms"):
        errors(paths, place / "test.parquet", [], place / "x.html", ScoringSettings(), 5)


def test_crops_that_are_missing_are_named(place):
    write_shard(place / "crops" / "00000.tar", iter([("s1-a", fields("s1-a"))]))
    with pytest.raises(InputError, match=r"no shard holds s1-b\.mkv"):
        write_errors(place)


def write_clips(place, count=9, methods=("m.ms", "m.ffn")):
    paths = [place / model / "clean" / f"{scale}.jsonl" for model in methods for scale in HEARD]
    shards = [place / "crops" / "00000.tar"]
    clips(paths, place / "test.parquet", shards, place / "clips", ScoringSettings(), count)
    return {path.name: path.read_text(encoding="utf-8") for path in (place / "clips").iterdir()}


def test_each_clip_has_a_page_with_all_scales_of_all_models(place):
    pages = write_clips(place)
    assert sorted(pages) == sorted(["index.html", *(f"{key}.html" for key in SAID)])
    text = pages["s1-b.html"]
    assert re.findall(r"<option[^>]*>([^<]+)<", text) == ["Llama-MTSK MS", "MoME-FFN"]
    shown = re.findall(r'data-model="(\d)" data-scale="([^"]+)"', text)
    assert shown == [("0", "4,2"), ("0", "16,2"), ("1", "4,2"), ("1", "16,2")]
    assert "&quot;audio&quot;: [4, 16], &quot;video&quot;: [2]" in text
    assert "<b>100</b>" in text
    assert "<b>25</b>" in text
    assert "2 of 3 words" in text
    assert '<a href="s1-b.html">' in pages["index.html"]
    assert "<td>1/2</td>" in pages["index.html"]


def test_of_many_models_the_list_tells_what_all_made_of_a_clip(place, monkeypatch):
    monkeypatch.setattr("mavsr.report.pages.clips.COLUMNS", 1)
    text = write_clips(place)["index.html"]
    assert re.findall(r"<th>([^<]+)<", text) == ["clip", "seconds", "reference", "wrong"]
    few = [re.findall(r"<td>([\d/]+)</td>", row) for row in text.split("<tr>")]
    assert not any("/" in cell for row in few for cell in row)
    assert len(re.findall(r"<td>\d+ %</td>", text)) == len(SAID)
    assert "<summary>the models</summary>" in text and "over all 2 models" in text


def test_what_follows_from_other_properties_is_in_no_name():
    about = {"task": "avsr", "encoders": "ear+eye", "compression": "avgpool"}
    audio = {**about, "task": "asr", "encoders": "ear"}
    both = [
        Decoded("a", "mtsk-ms", "MS", about, "c", "clean", 4, 2, {}, 0.0),
        Decoded("b", "mtsk-ms", "MS", audio, "c", "clean", 4, None, {}, 0.0),
    ]
    assert list(by_model(both)) == ["MS, task avsr", "MS, task asr"]


def test_models_that_differ_in_their_training_corpora_alone_are_two_choices(place):
    """The second was taken for the first at other rates, and left out."""
    for scale, texts in HEARD.items():
        path = place / "m.mixed" / "clean" / f"{scale}.jsonl"
        decoded(path, "mtsk-ms", "clean", texts, trained_on="portrait+lrs3")
    text = write_clips(place, methods=("m.ms", "m.mixed"))["s1-b.html"]
    names = {"Llama-MTSK MS, trained on portrait", "Llama-MTSK MS, trained on portrait+lrs3"}
    assert set(re.findall(r"<option[^>]*>([^<]+)<", text)) == names
    assert "<p>m.mixed, tested on portrait</p>" in write_errors(place, model="m.mixed")


def test_videos_play_in_a_browser_and_are_scaled(place):
    text = write_clips(place, 1)["s1-a.html"]
    videos = [base64.b64decode(part) for part in re.findall(r"video/mp4;base64,([^\"]+)", text)]
    for content, (height, streams) in zip(videos, ((240, 2), (96, 1)), strict=True):
        with av.open(io.BytesIO(content)) as file:
            assert file.streams.video[0].codec_context.name == "h264"
            assert file.streams.video[0].format.name == "yuv420p"
            assert file.streams.video[0].height == height
            assert len(file.streams) == streams
            assert sum(1 for _ in file.decode(video=0)) == 25


def test_without_its_video_a_clip_has_crops_and_audio(place, caplog):
    (place / "s1-a.mp4").unlink()
    text = write_clips(place, 1)["s1-a.html"]
    assert text.count("data:video/mp4") == 1
    assert "without its video" in caplog.text


def test_the_same_input_gives_the_same_bytes(place):
    assert write_clips(place, 2) == write_clips(place, 2)


def test_clips_are_chosen_evenly():
    assert evenly("abcdefghi", 3) == ["a", "e", "i"]
    assert evenly("abc", 9) == ["a", "b", "c"]
    assert evenly("abc", 1) == ["a"]
