"""Several corpora as one split."""

from collections import Counter

import pytest
import torch

from mavsr.errors import InputError
from mavsr.features.join import UtteranceSource
from mavsr.features.mixed import MixedSource, epoch_keys, training_views, validation_source

LENGTHS = {"one": {"a": 5, "b": 9}, "two": {"a": 7}}


@pytest.fixture
def made(tmp_path, write_features_to):
    """Manifests, and modality -> indexes of two views, of both corpora."""
    manifests, views = [], {"audio": [], "video": []}
    for corpus, lengths in LENGTHS.items():
        for view in ("view_0", "view_1"):
            manifest, indexes = write_features_to(tmp_path / corpus, "train", lengths, view)
            for modality, index in indexes.items():
                views[modality].append(index)
        manifests.append(manifest)
    return manifests, views


def test_clips_of_one_name_in_two_corpora_are_kept_apart(made):
    manifests, views = made
    first, second = training_views(manifests, views)
    assert list(first) == ["one/a", "one/b", "two/a"]
    assert first.frames() == {"one/a": 5, "one/b": 9, "two/a": 7}
    assert len(first) == len(first.lengths()) == 3
    for view, source in enumerate((first, second)):
        alone = UtteranceSource(manifests[1], {m: files[2 + view] for m, files in views.items()})
        assert source["two/a"].key == "two/a"
        assert source["two/a"].text == alone["a"].text
        assert torch.equal(source["two/a"].tokens["audio"], alone["a"].tokens["audio"])
    assert not torch.equal(first["two/a"].tokens["audio"], second["two/a"].tokens["audio"])


def test_one_corpus_stays_as_it_was(made):
    manifests, views = made
    found = training_views(manifests[:1], {m: files[:2] for m, files in views.items()})
    assert [type(source) for source in found] == [UtteranceSource] * 2
    clean = {m: files[:1] for m, files in views.items()}
    assert list(validation_source(manifests[:1], clean)) == ["a", "b"]


def test_validation_is_of_all_corpora(made):
    manifests, views = made
    found = validation_source(manifests, {m: files[::2] for m, files in views.items()})
    assert list(found) == ["one/a", "one/b", "two/a"]


def test_corpora_of_other_encoders_are_refused(made, monkeypatch):
    manifests, views = made
    parts = {
        name: UtteranceSource(manifest, {m: files[2 * n] for m, files in views.items()})
        for n, (name, manifest) in enumerate(zip(LENGTHS, manifests, strict=True))
    }
    for place, part in enumerate(parts.values()):
        for cache in part._caches.values():
            monkeypatch.setattr(cache, "made_by", {"weights": str(place)}, raising=False)
    with pytest.raises(InputError, match="are of another encoder"):
        MixedSource(parts)


def test_indexes_that_do_not_divide_are_refused(made):
    manifests, views = made
    with pytest.raises(InputError, match="3 indexes of audio features do not divide into 2"):
        training_views(manifests, {**views, "audio": views["audio"][:3]})


FRAMES = {
    f"{name}/{n}": 20 + n % 30
    for name, count in (("big", 300), ("small", 40))
    for n in range(count)
}


def hours(keys):
    found = Counter()
    for key in keys:
        found[key.partition("/")[0]] += FRAMES[key]
    return found


@pytest.mark.parametrize("share", [0.05, 0.12, 0.5, 0.9])
def test_an_epoch_is_as_long_as_ever_and_has_the_shares_that_are_given(share):
    keys = epoch_keys(FRAMES, {"big": 1 - share, "small": share}, 0, 0)
    total, found = sum(FRAMES.values()), hours(keys)
    assert found["small"] == pytest.approx(share * total, abs=30)
    assert found["big"] == pytest.approx((1 - share) * total, abs=30)
    counts = Counter(keys)
    for name in ("big", "small"):
        own = [counts[key] for key in FRAMES if key.startswith(name)]
        assert max(own) - min(own) <= 1


def test_a_share_of_a_corpus_without_clips_is_refused():
    with pytest.raises(InputError, match="the corpus none has no clip to train on"):
        epoch_keys(FRAMES, {"big": 0.5, "none": 0.5}, 0, 0)


def test_what_is_left_of_a_share_is_drawn_anew_in_every_epoch():
    shares = {"big": 0.5, "small": 0.5}
    epochs = [epoch_keys(FRAMES, shares, 0, epoch) for epoch in range(8)]
    assert epochs[0] == epoch_keys(FRAMES, shares, 0, 0)
    assert set(epochs[0]) != set(epochs[1])
    assert set().union(*epochs) >= {key for key in FRAMES if key.startswith("small")}
    heard = set().union(*epochs)
    assert len(heard) > 0.95 * len(FRAMES)
