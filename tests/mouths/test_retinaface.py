"""The wiring of RetinaFace: weights here are random, as the published ones may not be passed on."""

import zipfile

import numpy as np
import pytest
import torch
from retinaface.box_utils import encode_landm

from mavsr.errors import InputError
from mavsr.mouths import detect_landmarks
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.detectors import retinaface as module

SIZE = (96, 128)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet50.pth"
    torch.save(module.build_network().state_dict(), path)
    return path


def network_output(faces, size=SIZE):
    """What the network would say of ``faces``: (left, top, right, bottom), ten marks, logit."""
    anchors = module._anchors(size)
    scale = torch.tensor([size[1], size[0]], dtype=torch.float32)
    offsets, marks = torch.zeros(len(anchors), 4), torch.zeros(len(anchors), 10)
    logits = torch.tensor([9.0, -9.0]).repeat(len(anchors), 1)
    for anchor, (box, points, logit) in faces.items():
        corners = torch.tensor(box, dtype=torch.float32) / scale.repeat(2)
        centre, extent = (corners[:2] + corners[2:]) / 2, corners[2:] - corners[:2]
        prior = anchors[anchor]
        offsets[anchor, :2] = (centre - prior[:2]) / (0.1 * prior[2:])
        offsets[anchor, 2:] = torch.log(extent / prior[2:]) / 0.2
        wanted = (torch.tensor(points, dtype=torch.float32) / scale).reshape(1, 10)
        marks[anchor] = encode_landm(wanted, prior[None], [0.1, 0.2])[0]
        logits[anchor] = torch.tensor([-logit, logit])
    return offsets, logits, marks


def pixels(faces):
    """Boxes of faces, which are shares of the frame."""
    return faces.boxes * np.tile(SIZE[::-1], 2)


POINTS = [[30, 40], [50, 41], [40, 50], [32, 60], [48, 62]]


def test_output_becomes_boxes_and_four_points():
    faces = module.faces_of(*network_output({100: ((20, 25, 60, 75), POINTS, 3.0)}), SIZE)
    assert np.allclose(pixels(faces), [[20, 25, 60, 75]], atol=1e-3)
    assert np.allclose(faces.points, [[[30, 40], [50, 41], [40, 50], [40, 61]]], atol=1e-3)


def test_doubles_and_unsure_faces_are_dropped():
    other = [[x + 60, y] for x, y in POINTS]
    found = {
        100: ((20, 25, 60, 75), POINTS, 2.0),
        104: ((21, 26, 61, 75), POINTS, 3.0),
        60: ((80, 25, 120, 75), other, 2.0),
        90: ((70, 5, 90, 20), other, 0.5),
    }
    faces = module.faces_of(*network_output(found), SIZE)
    assert np.allclose(sorted(pixels(faces)[:, 0]), [21, 80], atol=1e-3)
    assert np.allclose(sorted(faces.scores), [0.982, 0.998], atol=1e-3)


def test_no_face():
    faces = module.faces_of(*network_output({}), SIZE)
    assert faces.boxes.shape == (0, 4) and faces.points.shape == (0, 4, 2)


def test_anchors_are_as_many_as_the_network_answers(weights):
    detector = load_detector("retinaface", weights)
    for height, width in ((96, 128), (100, 90)):
        with torch.inference_mode():
            offsets, *_ = detector.network(torch.zeros(1, 3, height, width))
        assert offsets.shape[1] == len(module._anchors((height, width)))


def test_frames_go_through_the_network_in_batches_and_stay_in_order(weights, monkeypatch):
    detector = module.RetinaFaceDetector(weights, batch=2)
    seen = []

    class Network(torch.nn.Module):
        def forward(self, pixels):
            seen.append(tuple(pixels.shape))
            # A face whose box begins at the frame's own level of grey.
            levels = pixels[:, 0, 0, 0] * 0.229 + 0.485
            outputs = [
                network_output({100: ((255 * float(v), 25, 90, 75), POINTS, 3.0)}) for v in levels
            ]
            return tuple(torch.stack(part) for part in zip(*outputs, strict=True))

    monkeypatch.setattr(detector, "network", Network())
    frames = [np.full((*SIZE, 3), level, np.uint8) for level in (10, 20, 30, 40, 50)]
    found = list(detector.looks()[0](iter(frames)))
    assert seen == [(2, 3, *SIZE), (2, 3, *SIZE), (1, 3, *SIZE)]
    assert np.allclose([pixels(faces)[0, 0] for faces in found], [10, 20, 30, 40, 50], atol=0.01)


def test_the_untrained_network_runs_and_its_weights_count(weights, portrait):
    detector = load_detector("retinaface", weights)
    first, *_ = detector.looks()[0](portrait[:1, ::2, ::2])
    assert first.boxes.shape[1:] == (4,) and first.points.shape[1:] == (4, 2)
    state = torch.load(weights)
    assert torch.equal(
        detector.network.state_dict()["ssh1.conv3X3.0.weight"].cpu(), state["ssh1.conv3X3.0.weight"]
    )
    assert not detector.network.training


def test_weights_are_read_from_the_zip_file_they_come_in(weights, tmp_path):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        archive.write(weights, "retinaface_resnet50.pth")
    state = module.read_weights(tmp_path / "w.zip")
    assert state.keys() == torch.load(weights).keys()


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_weights_that_would_run_code_are_refused(tmp_path, capsys):
    torch.save({"a": Harmful()}, tmp_path / "bad.pth")
    with pytest.raises(InputError, match=r"bad\.pth cannot be read as a checkpoint"):
        module.read_weights(tmp_path / "bad.pth")
    assert "run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "do not exist; correct mouths.retinaface.weights"),
        (b"<html>quota exceeded</html>", "cannot be read as a checkpoint"),
        ({"other": torch.zeros(1)}, "holds no weights of retinaface-pytorch"),
    ],
)
def test_wrong_weights_are_named(tmp_path, content, message):
    path = tmp_path / "w.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        torch.save(content, path)
    with pytest.raises(InputError, match=message):
        module.RetinaFaceDetector(path, 1)


def test_without_weights_the_key_is_named(portrait):
    with pytest.raises(InputError, match=r"under mouths\.retinaface"):
        detect_landmarks(portrait[:1], detector="retinaface")
