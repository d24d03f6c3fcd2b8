import numpy as np
import pytest
import torch
from torchvision.transforms.functional import center_crop, normalize, rgb_to_grayscale

from mavsr.errors import InputError
from mavsr.features.views import clean_view, grey_crops, random_cut, random_view

BLACK = (0 - 0.421) / 0.165


def crops(frames=50):
    return np.random.default_rng(0).integers(1, 256, (frames, 96, 96, 3), np.uint8)


def located(view, frame=0):
    """Crop corner and flip of a view of `coordinates()`, read from the first frame."""
    red, green = _decode(view[0, frame])
    flipped = red[0, 0] > red[0, -1]
    return int(green[0, 0]), int(red[0, -1] if flipped else red[0, 0]), bool(flipped)


def coordinates(frames):
    """Crops whose grey value tells row and column."""
    rows, columns = np.mgrid[:96, :96]
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[..., 0], picture[..., 1] = columns, rows
    return np.broadcast_to(picture, (frames, 96, 96, 3)).copy()


def _decode(grey):
    """Column and row of each pixel of a view of `coordinates()`."""
    rows, columns = np.mgrid[:96, :96]
    known = 0.2989 * columns + 0.587 * rows
    seen = (grey.numpy() * 0.165 + 0.421) * 255
    for top in range(9):
        for left in range(9):
            part = np.s_[top : top + 88, left : left + 88]
            for mirror in (1, -1):
                if np.allclose(known[part][:, ::mirror], seen, atol=1e-2):
                    return columns[part][:, ::mirror], rows[part]
    raise AssertionError("the view is no crop of the picture")


def test_the_clean_view_is_torchvisions():
    video = torch.from_numpy(crops(3)).permute(0, 3, 1, 2).float() / 255
    expected = normalize(rgb_to_grayscale(center_crop(video, [88, 88])), [0.421], [0.165])
    view = clean_view(crops(3))
    assert view.dtype == torch.float32
    torch.testing.assert_close(view, expected.transpose(0, 1), atol=1e-5, rtol=1e-5)


def test_crops_reach_every_offset_and_half_are_mirrored():
    places = [located(random_view(coordinates(1), 0, f"clip{n}", 0)) for n in range(300)]
    tops, lefts, flips = zip(*places, strict=True)
    assert set(tops) == set(lefts) == set(range(9))
    assert 110 < sum(flips) < 190


def test_flip_is_an_option_that_changes_nothing_else():
    for n in range(20):
        kept = random_view(crops(30), 0, "clip", n, flip=False)
        either = random_view(crops(30), 0, "clip", n, flip=True)
        assert torch.equal(either, kept) or torch.equal(either, kept.flip(-1))
    flips = [located(random_view(coordinates(1), 0, f"c{n}", 0, flip=False))[2] for n in range(30)]
    assert not any(flips)


def test_crop_and_flip_hold_for_the_whole_clip():
    view = random_view(coordinates(40), 0, "clip", 1)[0]
    seen = view[(view - BLACK).abs().amax(dim=(1, 2)) > 1e-4]
    assert 20 < len(seen) < 40
    assert torch.equal(seen, seen[:1].expand_as(seen))


def test_masked_frames_are_black_before_normalisation():
    masked_share = []
    for number in range(60):
        view = random_view(crops(50), 0, "clip", number)[0]
        black = (view - BLACK).abs().amax(dim=(1, 2)) < 1e-5
        assert torch.equal(view[black], torch.full_like(view[black], np.float32(BLACK)))
        assert black.sum() <= 2 * 9
        masked_share.append(black.float().mean().item())
    # two masks, each kept with p = 0.9 and 4.5 frames long on average, of 50 frames
    assert 0.11 < np.mean(masked_share) < 0.2


def test_a_mask_of_25_frames_is_any_number_below_ten_long():
    """One per 25 frames begun: a 26th frame brings a second."""

    def black(frames, number):
        view = random_view(crops(frames), 0, "clip", number)[0]
        return int(((view - BLACK).abs().amax(dim=(1, 2)) < 1e-5).sum())

    assert {black(25, number) for number in range(150)} == set(range(10))
    assert max(black(26, number) for number in range(150)) > 9


def test_views_depend_on_seed_key_and_number_alone():
    view = random_view(crops(), 0, "clip", 1)
    torch.manual_seed(5)
    np.random.seed(5)
    assert torch.equal(view, random_view(crops(), 0, "clip", 1))
    for other in [(1, "clip", 1), (0, "other", 1), (0, "clip", 2)]:
        assert not torch.equal(view, random_view(crops(), *other))


def test_one_frame_is_enough():
    assert random_view(crops(1), 0, "clip", 0).shape == clean_view(crops(1)).shape == (1, 1, 88, 88)


def test_other_pictures_are_refused():
    with pytest.raises(InputError, match=r"\(5, 88, 88, 3\)"):
        clean_view(np.zeros((5, 88, 88, 3), np.uint8))


def test_grey_crops_give_the_same_views_to_a_grey_level():
    grey = grey_crops(crops())
    assert grey.shape == crops().shape[:3]
    level = 1 / 255 / 0.165
    assert torch.allclose(clean_view(grey), clean_view(crops()), atol=0.51 * level)
    pair = random_view(grey, 0, "clip", 1), random_view(crops(), 0, "clip", 1)
    assert torch.allclose(*pair, atol=0.51 * level)


def test_a_random_cut_moves_and_mirrors_but_masks_nothing():
    draw = np.random.default_rng(0)
    places = {located(random_cut(coordinates(40), draw)) for _ in range(60)}
    assert len(places) > 30
    assert {mirrored for *_, mirrored in places} == {False, True}
    black = (0 - 0.421) / 0.165
    assert not any(
        (random_cut(crops(50), draw)[0].amax((1, 2)) < black + 1e-3).any() for _ in range(20)
    )
