"""Cosine similarity of projected tokens, against the projectors by hand."""

import pytest
import torch
from tiny import make_utterance

from mavsr.errors import InputError
from mavsr.evaluation.similarity import COLUMNS, similarity
from mavsr.tables import read_csv

CLIPS = {"a": 9, "b": 5, "c": 14}


def test_similarities_are_those_of_the_projected_tokens(trained, write_features, tmp_path):
    model, folder = trained(method="mtsk-ms")
    manifest, indexes = write_features("test", CLIPS)
    similarity(folder, manifest, tmp_path / "similarity.csv", **indexes)
    table = read_csv(tmp_path / "similarity.csv", "similarity")
    assert list(table.columns) == list(COLUMNS)
    assert set(table.key) == {"a"}  # of three lengths the median
    pairs = list(dict.fromkeys(zip(table.one, table.other, strict=True)))
    assert pairs == [
        *(("a2", "a4"), ("a2", "v1"), ("a2", "v3")),
        *(("a4", "v1"), ("a4", "v3")),
        ("v1", "v3"),
    ]
    clip = make_utterance("clean a", CLIPS["a"])
    heard, seen = (clip.tokens[m].half().float() for m in ("audio", "video"))
    with torch.no_grad():
        first = model.projectors["audio_4"](heard[:16].view(4, 4, -1).mean(dim=1))
        second = model.projectors["video_3"](seen.view(3, 3, -1).mean(dim=1))
    mine = table[(table.one == "a4") & (table.other == "v3")]
    expected = torch.cosine_similarity(first[:, None], second[None], dim=-1)
    assert len(mine) == 4 * 3
    assert mine.similarity.tolist() == pytest.approx(expected.flatten().tolist(), abs=1e-5)


def test_what_a_condition_takes_away_is_left_out(trained, write_features, tmp_path):
    _, folder = trained(method="mtsk-ms")
    manifest, indexes = write_features("test", CLIPS)
    path = tmp_path / "similarity.csv"
    similarity(folder, manifest, path, condition="no_video", **indexes)
    table = read_csv(path, "similarity")
    assert set(zip(table.one, table.other, strict=True)) == {("a2", "a4")}


def test_a_clip_may_be_named(trained, write_features, tmp_path):
    _, folder = trained(method="mtsk-ms")
    manifest, indexes = write_features("test", CLIPS)
    similarity(folder, manifest, tmp_path / "similarity.csv", clip="c", **indexes)
    assert set(read_csv(tmp_path / "similarity.csv", "similarity").key) == {"c"}
    with pytest.raises(InputError, match="has no clip 'z', such as 'b'; name another"):
        similarity(folder, manifest, tmp_path / "similarity.csv", clip="z", **indexes)
