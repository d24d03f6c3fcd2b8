import numpy as np
import torch

from mavsr.encoders.resnet import VideoResNet
from mavsr.features.views import clean_view
from mavsr.toy.resnet import ResNetSettings, train_resnet


def test_the_resnet_learns_what_a_window_shows():
    draw = np.random.default_rng(0)
    labels = {f"c{n}": torch.from_numpy(draw.integers(0, 2, size=1).repeat(9)) for n in range(24)}
    rows, columns = np.mgrid[:96, :96] // 6 % 2 * 60
    crops = {
        key: (draw.integers(0, 150, size=(9, 96, 96)) + (rows if label[0] else columns)).astype(
            "u1"
        )
        for key, label in labels.items()
    }
    crops["short"], labels["short"] = crops["c0"][:3], labels["c0"][:3]
    torch.manual_seed(0)
    resnet = VideoResNet(2)
    start = apart(resnet, crops, labels)
    train_resnet(resnet, crops, labels, 2, ResNetSettings(steps=60, batch=16), seed=0)
    assert not resnet.training
    assert apart(resnet, crops, labels) > 2 * start


def apart(resnet, crops, labels):
    """Distance of the two kinds' mean vectors, relative to the spread within a kind."""
    resnet.eval()
    kinds = [[], []]
    with torch.no_grad():
        for key in crops.keys() - {"short"}:
            kinds[int(labels[key][0])].append(resnet(clean_view(crops[key])[None])[0, 4])
    one, other = map(torch.stack, kinds)
    spread = torch.cat([one - one.mean(0), other - other.mean(0)]).norm(dim=1).mean()
    return float((one.mean(0) - other.mean(0)).norm() / spread)
