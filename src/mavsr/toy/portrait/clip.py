"""Render one clip: text, audio and moving picture, a pure function of the settings and its name.

Frame i shows the mouth at the middle of its time, (i + 1/2) / 25 s; the audio has exactly 640
samples per frame.
"""

import io
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np

from mavsr.media import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME
from mavsr.seeds import derive_seed, generator
from mavsr.toy.portrait.books import draw_book_sentence
from mavsr.toy.portrait.face import CANVAS, Face, make_face
from mavsr.toy.portrait.mouth import draw_mouth
from mavsr.toy.portrait.sentences import draw_sentence
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.speakers import Speaker, draw_speaker
from mavsr.toy.portrait.speech import Span, speak
from mavsr.toy.portrait.visemes import PARAMETERS, mouth_shapes

FRAME_SIZE = 224
SILENCE_S = (0.1, 0.25)
PAUSE_S = (0.15, 0.35)
_ROOM_NOISE = 6e-4


@dataclass(frozen=True)
class Script:
    """What is said: mono audio (frames * 640,), words and phonemes with times in seconds."""

    audio: np.ndarray
    words: tuple[Span, ...]
    phonemes: tuple[Span, ...]

    @property
    def frames(self) -> int:
        """Length in video frames."""
        return len(self.audio) // SAMPLES_PER_FRAME


def clip_speaker(settings: PortraitSettings, name: str) -> Speaker:
    """The speaker of the clip ``split/speaker/clip``."""
    folder = name.split("/")[1]
    return draw_speaker(settings.seed, int(folder[1:]), test=folder[0] == "t")


def write_script(settings: PortraitSettings, name: str) -> Script:
    """Choose the sentences of a clip and speak them, with silence around and between them."""
    split = name.split("/")[0]
    speaker = clip_speaker(settings, name)
    draw = generator("portrait clip", settings.seed, name)
    sentences = settings.pretrain_sentences if split == "pretrain" else 1
    rate = round(speaker.rate * draw.uniform(0.95, 1.05))
    is_grid = settings.text == "grid"
    choose = draw_sentence if is_grid else draw_book_sentence
    pieces: list[np.ndarray] = []
    words: list[Span] = []
    phonemes: list[Span] = []
    now = 0
    for number in range(sentences):
        gap = round(draw.uniform(*(PAUSE_S if number else SILENCE_S)) * SAMPLE_RATE)
        spoken = speak(
            choose(draw, test=split == "test"),
            speaker.voice,
            rate,
            speaker.pitch,
            derive_seed("portrait voice", settings.seed, name, number),
            letters=is_grid,
        )
        start = (now + gap) / SAMPLE_RATE
        words += [word.shifted(start) for word in spoken.words]
        phonemes += [phoneme.shifted(start) for phoneme in spoken.phonemes]
        pieces += [np.zeros(gap, np.float32), spoken.audio]
        now += gap + len(spoken.audio)
    end = now + round(draw.uniform(*SILENCE_S) * SAMPLE_RATE)
    audio = np.zeros(-(-end // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME, np.float32)
    audio[:now] = np.concatenate(pieces)
    audio *= speaker.loudness / max(float(np.abs(audio).max()), 1e-6)
    audio += draw.normal(0, _ROOM_NOISE, len(audio)).astype(np.float32)
    return Script(audio, tuple(words), tuple(phonemes))


def articulate(script: Script, speaker: Speaker) -> np.ndarray:
    """Mouth shapes (frames, 8) at the middles of the frames, with the speaker's amplitude."""
    shapes = mouth_shapes(script.phonemes, (np.arange(script.frames) + 0.5) / FRAME_RATE)
    for column, parameter in enumerate(PARAMETERS):
        if parameter in ("open", "jaw"):
            shapes[:, column] *= speaker.articulation
        elif parameter == "width":
            shapes[:, column] = 1 + (shapes[:, column] - 1) * speaker.articulation
    return shapes


def render(settings: PortraitSettings, name: str, script: Script) -> np.ndarray:
    """The picture of a clip, uint8 (frames, 224, 224, 3), RGB."""
    speaker = clip_speaker(settings, name)
    draw = generator("portrait picture", settings.seed, name)
    face = make_face(speaker)
    shapes = articulate(script, speaker)
    poses = _head_motion(draw, script.frames)
    grain = draw.normal(0, speaker.noise, (FRAME_SIZE + 32, FRAME_SIZE + 32, 1))
    grain = np.repeat(np.round(grain).astype(np.int16), 3, axis=2)
    offsets = draw.integers(0, 32, (script.frames, 2))
    frames = np.empty((script.frames, FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    for frame, shape, pose, (row, column) in zip(frames, shapes, poses, offsets, strict=True):
        view = _camera(speaker, face, pose)
        picture = cv2.warpAffine(
            draw_mouth(face, shape),
            view,
            (FRAME_SIZE, FRAME_SIZE),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        noise = grain[row : row + FRAME_SIZE, column : column + FRAME_SIZE]
        frame[:] = cv2.add(picture, noise, dtype=cv2.CV_8U)
    return frames


def _head_motion(draw: np.random.Generator, frames: int) -> np.ndarray:
    """Slow sways (frames, 4): right and down in pixels, rotation in degrees, relative size."""
    seconds = np.arange(frames)[:, None, None] / FRAME_RATE
    frequency = draw.uniform(0.15, 0.7, (4, 3))
    phase = draw.uniform(0, 2 * np.pi, (4, 3))
    waves = np.sin(2 * np.pi * frequency * seconds + phase).mean(-1)
    return waves * (3.5, 2.5, 2.0, 0.012) + (*draw.uniform(-4, 4, 2), 0, 0)


def _camera(speaker: Speaker, face: Face, pose: np.ndarray) -> np.ndarray:
    """The (2, 3) map from the still to the frame; the head turns about the middle of the face."""
    turn = cv2.getRotationMatrix2D(
        (CANVAS / 2, CANVAS / 2), speaker.rotation + float(pose[2]), 1 + float(pose[3])
    )
    move = FRAME_SIZE / 2 - CANVAS / 2 + np.array(speaker.shift) + pose[:2]
    return np.column_stack([turn[:, :2], turn[:, 2] + move])


def encode(frames: np.ndarray, waveform: np.ndarray) -> bytes:
    """An mp4 file with H.264 video and AAC audio; the same input gives the same bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", container_options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=FRAME_RATE)
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        video.codec_context.thread_count = 1
        video.options = {"preset": "superfast", "crf": "21"}
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        audio.bit_rate = 96_000
        audio.options = {"aac_coder": "fast"}
        block = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        block.sample_rate = SAMPLE_RATE
        # With a time stamp, the encoder's delay is recorded in the file, and readers undo it.
        block.pts = 0
        block.time_base = Fraction(1, SAMPLE_RATE)
        for index, frame in enumerate(frames):
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
            picture = av.VideoFrame.from_ndarray(planes, "yuv420p")
            picture.pts = index
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return buffer.getvalue()


def transcript(words: tuple[Span, ...]) -> str:
    """The ``.txt`` file of LRS3: text, confidence, and a table of word times."""
    lines = [f"Text:  {' '.join(word.name.upper() for word in words)}", "Conf:  5", ""]
    lines.append("WORD START END ASDSCORE")
    lines += [f"{word.name.upper()} {word.start:.2f} {word.end:.2f} 5.0" for word in words]
    return "\n".join(lines) + "\n"


def make_clip(settings: PortraitSettings, name: str) -> tuple[bytes, str]:
    """The content of a clip's ``.mp4`` and ``.txt`` file."""
    script = write_script(settings, name)
    return encode(render(settings, name, script), script.audio), transcript(script.words)
