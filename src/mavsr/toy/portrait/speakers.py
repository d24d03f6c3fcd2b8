"""Speakers: a voice, a face and a way of articulating, drawn from the seed and a name."""

from dataclasses import dataclass

from mavsr.seeds import derive_seed, generator

ACCENTS = (
    "gmw/en", "gmw/en-US", "gmw/en-GB-x-rp", "gmw/en-GB-scotland",
    "gmw/en-GB-x-gbclan", "gmw/en-GB-x-gbcwmd", "gmw/en-US-nyc", "gmw/en-029",
)  # fmt: skip
VARIANTS = ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8")
VOICES = tuple(f"{accent}+{variant}" for variant in VARIANTS for accent in ACCENTS)
PHOTOGRAPHS = ("astronaut", "admiral")


@dataclass(frozen=True)
class Speaker:
    """All that stays the same over a speaker's clips.

    Lengths of the face are relative to the photograph, ``eye_distance_px`` is in output pixels,
    ``rotation`` in degrees, ``shift`` in output pixels, ``tint`` a gain per colour.
    """

    name: str
    voice: str
    rate: int
    pitch: int
    loudness: float
    articulation: float
    photograph: str
    flipped: bool
    eye_distance_px: float
    shift: tuple[float, float]
    rotation: float
    face_width: float
    nose_length: float
    chin_length: float
    mouth_width: float
    lip_fullness: float
    lip_redness: float
    teeth: float
    brightness: float
    gamma: float
    tint: tuple[float, float, float]
    side_light: float
    noise: float


def draw_speaker(seed: int, number: int, test: bool) -> Speaker:
    """Speaker ``number`` of the training or the test set.

    Test speakers take their voices (accent and variant) from the end of a shuffled list, training
    speakers from its beginning; the settings see to it that they do not meet.
    """
    name = f"{'t' if test else 'a'}{number:03d}"
    order = generator("portrait voices", seed).permutation(len(VOICES))
    voice = VOICES[order[-1 - number if test else number]]
    draw = generator("portrait speaker", seed, name)
    return Speaker(
        name=name,
        voice=voice,
        rate=int(draw.integers(116, 150)),
        pitch=int(draw.integers(30, 71)),
        loudness=float(draw.uniform(0.3, 0.85)),
        articulation=float(draw.uniform(0.85, 1.15)),
        photograph=PHOTOGRAPHS[number % 2],
        flipped=bool(derive_seed("portrait flip", seed, name) % 2),
        eye_distance_px=float(draw.uniform(36, 45)),
        shift=(float(draw.uniform(-12, 12)), float(draw.uniform(-10, 8))),
        rotation=float(draw.uniform(-6, 6)),
        face_width=float(draw.uniform(0.92, 1.08)),
        nose_length=float(draw.uniform(0.9, 1.12)),
        chin_length=float(draw.uniform(0.9, 1.12)),
        mouth_width=float(draw.uniform(0.92, 1.1)),
        lip_fullness=float(draw.uniform(0.85, 1.35)),
        lip_redness=float(draw.uniform(0.0, 1.0)),
        teeth=float(draw.uniform(0.82, 1.0)),
        brightness=float(draw.uniform(0.72, 1.15)),
        gamma=float(draw.uniform(0.8, 1.3)),
        tint=tuple(draw.uniform(0.9, 1.08, 3).tolist()),
        side_light=float(draw.uniform(-0.3, 0.3)),
        noise=float(draw.uniform(0.8, 2.5)),
    )
