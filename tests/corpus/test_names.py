from pathlib import Path

import av
import pytest

from mavsr.corpus.names import VIDEO_SUFFIXES, files_below, is_clutter, is_video

NO_VIDEOS = {
    "m4a", "m4b", "mk3d", "mka", "mks", "weba", "heic", "heif", "avif", "psp", "ism", "ismv",
    "isma", "ra", "wma",
}  # fmt: skip
"""What FFmpeg reads with the same demuxers: audio, pictures, pieces of streams."""
LEFT_BEHIND = (
    "._a.mp4", ".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir/a.mp4/thumb.mp4",
    "__MACOSX/s1/a.mp4", "s1/.hidden/a.mp4", "$RECYCLE.BIN/a.mp4", "lost+found/a.mp4",
)  # fmt: skip


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    root = tmp_path / ".a hidden root"
    for name in (*LEFT_BEHIND, "s1/a.mp4", "s 2/B.TXT"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    assert [*files_below(root)] == [root / "s 2/B.TXT", root / "s1/a.mp4"]
    assert all(is_clutter(Path(name)) for name in LEFT_BEHIND)
    assert not is_clutter(Path("a.b/c.d.mp4"))


@pytest.mark.parametrize("name", ["a.MTS", "a.m2ts", "a.3gp", "a.Ts", "a.b.WebM", "a.OGV", "a.mxf"])
def test_suffixes_of_any_case(name):
    assert is_video(Path(name))


def test_every_suffix_of_common_containers_is_known():
    demuxers = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "flv", "asf", "rm", "ivf", "mxf")
    wanted = {
        f".{extension}"
        for name in demuxers
        for extension in av.ContainerFormat(name.split(",")[0], "r").extensions - NO_VIDEOS
    }
    assert wanted
    assert wanted <= VIDEO_SUFFIXES
