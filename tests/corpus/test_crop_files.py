"""Which videos are crops: those whose frames are 96x96 at 25 per second as they are shown."""

import io

import av
import pytest
from crops import make_crops, mp4_bytes

from mavsr.corpus.crop_files import probe_crops
from mavsr.errors import InputError


def remuxed(content, cut=0, last=None):
    """The packets of an MP4 file without a new encoding.

    Args:
        content: the file, with a key frame at its beginning alone.
        cut: frames that come before the beginning of what is shown.
        last: duration of the last frame, in the track's ticks.
    """
    target = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(target, "w", format="mp4") as container:
        track = container.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        if last is not None:
            packets[-1].duration = last
        for packet in packets:
            shift = cut * round(1 / (25 * packet.time_base))
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = track
            container.mux(packet)
    return target.getvalue()


def frames(content):
    return probe_crops(io.BytesIO(content), "a.mp4").frames


def test_frames_that_an_edit_list_hides_do_not_count():
    content = mp4_bytes(make_crops(1, 50))
    assert frames(content) == 50
    assert frames(remuxed(content, cut=20)) == 30


def test_a_last_frame_that_lasts_longer_changes_no_rate():
    content = mp4_bytes(make_crops(1, 50))
    ticks = 12_800 // 25
    assert frames(remuxed(content, last=ticks + 1)) == 50
    with pytest.raises(InputError, match=r"has 23\.58[0-9]* frames per second"):
        frames(remuxed(content, last=4 * ticks))
