"""A user's folder of videos, and what is read of it."""

from trees import write_video

from mavsr.corpus.scan import read_corpus


def write_beside(path, text="Hello, World", seconds=1.0):
    write_video(path, seconds)
    path.with_suffix(".txt").write_text(text)


def write_speakers(root):
    """Ten speakers of two clips each, with sidecars."""
    for speaker in range(10):
        for number in range(2):
            write_beside(root / f"s{speaker}" / f"c{number}.mp4", f"Clip {number}")
    return root


def read(root, **changes):
    return read_corpus(root, {"kind": "folder", **changes}, 0)


def lost(clips):
    return {clip.key: (clip.split, clip.problem) for clip in clips if clip.problem}
