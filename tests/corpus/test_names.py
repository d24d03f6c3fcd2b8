from pathlib import Path

import av
import pytest

from mavsr.corpus.names import VIDEO_SUFFIXES, files_below, is_clutter, is_video, path_below

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


def test_no_folder_is_entered_twice(tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root / "s1" / "deep", root / "s2", other):
        folder.mkdir(parents=True)
        (folder / "a.mp4").write_text("")
    links = {"self": ".", "above": "..", "a_link": "s1", "s1/deep/s2": "../../s2"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "s2" / "b.mp4").symlink_to("a.mp4")
    names = ["s1/deep/a.mp4", "s2/a.mp4", "s2/b.mp4", "above/other/a.mp4"]
    assert [*files_below(root)] == [root / name for name in names]
    assert not [*files_below(root / "gone")]


def test_a_path_is_below_a_root_by_whatever_links(tmp_path, monkeypatch):
    (tmp_path / "real" / "a").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    whole = tmp_path / "real" / "a" / "0.mp4"
    for root in (Path("real"), Path("link"), tmp_path / "link"):
        for name in ("a/0.mp4", "./a/../a/0.mp4", whole, tmp_path / "link" / "a" / "0.mp4"):
            assert path_below(root, name) == Path("a/0.mp4")
    assert path_below(Path("link"), "../x.mp4") == tmp_path / "x.mp4"
    assert path_below(Path("link"), ".") == Path()


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
