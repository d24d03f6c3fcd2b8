from trees import write_video

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.scan import read_corpus

ALIGNMENT = "0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 74500 sil\n"


def align(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ALIGNMENT)
    return path


def test_alignments_in_another_speakers_folder_are_pointed_at(tmp_path):
    root, texts = tmp_path / "grid", tmp_path / "grid" / "alignments"
    for speaker in ("s1", "s2", "s3", "s4"):
        write_video(root / speaker / "bbaf2n.mpg")
        align(texts / speaker / "bbaf2n.align")
    write_video(root / "s1" / "lwbz6n.mpg")
    elsewhere = align(texts / "s2" / "lwbz6n.align")
    write_video(root / "s3" / "pwio8p.mpg")
    clips = read_corpus(root, {"kind": "folder", "transcripts": str(texts)}, 0)
    lost = {clip.key: clip for clip in clips if clip.problem}
    assert set(lost) == {"s1-lwbz6n", "s2-lwbz6n", "s3-pwio8p"}
    assert lost["s1-lwbz6n"].problem.startswith(
        f"transcript {texts}/s1/lwbz6n.align is missing; of this name there is {elsewhere}"
    )
    assert lost["s3-pwio8p"].problem == f"transcript {texts}/s3/pwio8p.align is missing"
    assert lost["s2-lwbz6n"].split == UNUSED


def test_suffixes_of_any_case_find_each_other(tmp_path):
    for speaker in range(4):
        video = write_video(tmp_path / f"s{speaker}" / "a.mp4")
        video.rename(video.with_suffix(".MP4"))
        video.with_suffix(".TXT").write_text("hello")
    clips = read_corpus(tmp_path, {"kind": "folder"}, 0)
    assert [(clip.text, clip.problem) for clip in clips] == 4 * [("hello", "")]


def test_a_file_beside_a_lonely_transcript_is_named(tmp_path):
    for speaker in range(4):
        write_video(tmp_path / f"s{speaker}" / "a.mp4").with_suffix(".txt").write_text("hello")
    (tmp_path / "s0" / "b.txt").write_text("hello")
    (tmp_path / "s0" / "b.xyz").write_bytes(b"...")
    (lost,) = (clip for clip in read_corpus(tmp_path, {"kind": "folder"}, 0) if clip.problem)
    assert lost.problem == f"no video for it; {tmp_path}/s0/b.xyz has no suffix of a video"


def test_a_mac_leaves_no_lost_clips(tmp_path):
    for part in ("trainval", "test"):
        for speaker in ("a", "b"):
            folder = tmp_path / part / speaker
            write_video(folder / "00001.mp4").with_suffix(".txt").write_text("Text:  HELLO\n")
            for name in ("._00001.mp4", "._00001.txt", ".DS_Store"):
                (folder / name).write_bytes(b"\0\5\26\7Mac OS X")
    settings = {"kind": "lrs3", "pretrain": False, "longest_segment_s": 16}
    clips = read_corpus(tmp_path, {**settings, "validation_share": 0.5}, 0)
    assert len(clips) == 4
    assert not [clip for clip in clips if clip.problem]
