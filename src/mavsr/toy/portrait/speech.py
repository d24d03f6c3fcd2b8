"""Speech from espeak-ng, with the times of its words and phonemes.

espeak-ng (GPL-3.0) is loaded as the shared library of the ``espeakng-loader`` package. It keeps
hidden state between utterances (phases, flutter, random numbers), so the same text spoken twice
differs. The library is therefore loaded afresh for every utterance (about 4 ms), which makes the
audio a function of the arguments alone.

Audio is mono float32 at 16 kHz; times are seconds from the first sample.
"""

import _ctypes
import ctypes
from dataclasses import dataclass

import espeakng_loader
import numpy as np
from scipy.signal import resample_poly

from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE

# Constants of espeak-ng's speak_lib.h, version 1.52.
_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 0x0001
_INITIALIZE_DONT_EXIT = 0x8000
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_RATE, _PITCH = 1, 3
_EVENT_END, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7

# espeak reads a lone "a" as the article; its letter name sounds like this word.
_SPELLING = {"a": "eigh"}


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("string", ctypes.c_char * 8), ("name", ctypes.c_char_p))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Span:
    """A word or phoneme and when it is spoken, seconds."""

    name: str
    start: float
    end: float

    def shifted(self, seconds: float) -> "Span":
        """The same span, later."""
        return Span(self.name, self.start + seconds, self.end + seconds)


@dataclass(frozen=True)
class Speech:
    """A spoken sentence: audio (N,) at 16 kHz, its words and its phonemes in espeak's names."""

    audio: np.ndarray
    words: tuple[Span, ...]
    phonemes: tuple[Span, ...]


def speak(
    words: tuple[str, ...], voice: str, rate: int, pitch: int, seed: int, letters: bool = True
) -> Speech:
    """Speak a sentence.

    Args:
        words: the sentence, lower case.
        voice: espeak voice file and variant, such as ``gmw/en-US+f2``.
        rate: words per minute of running text, 80 to 450.
        pitch: 0 to 100.
        seed: of espeak's own random numbers.
        letters: whether "a" is the letter, and not the article.

    Raises:
        InputError: espeak-ng has no such voice.
    """
    spelled = [_SPELLING.get(word, word) if letters else word for word in words]
    audio, rate_hz, events = _synthesize(" ".join(spelled), voice, rate, pitch, seed)
    *position, after = np.cumsum([1, *(len(word) + 1 for word in spelled)]).tolist()
    starts = {
        text_position: sample / rate_hz
        for kind, text_position, sample, _ in events
        if kind == _EVENT_WORD
    }
    if position[0] not in starts:
        raise RuntimeError(f"espeak-ng gave no time for the first word of {words}")
    spoken = [
        (name, sample / rate_hz) for kind, _, sample, name in events if kind == _EVENT_PHONEME
    ]
    names = [name for name, _ in spoken]
    times = [time for _, time in spoken] + [len(audio) / rate_hz]
    # The silent closure of a plosive that begins a word comes before its event, but after the
    # event of the word: a word's first phoneme begins with the word.
    for edge in (starts[at] for at in position if at in starts):
        first = next(index for index, time in enumerate(times) if time >= edge)
        times[first] = edge
    phonemes = tuple(
        Span(name, start, end)
        for name, start, end in zip(names, times[:-1], times[1:], strict=True)
        if end > start
    )
    last = max(starts.values())
    end = next(p.start for p in phonemes if p.name.startswith("_") and p.start > last)
    # Of a pair that it speaks as one ("from the") espeak tells the first word's time alone: such
    # words share the pair's time by their letters.
    known = {**starts, after: end}
    edges = [*np.interp(position, sorted(known), sorted(known.values())).tolist(), end]
    spans = tuple(
        Span(word, start, end)
        for word, start, end in zip(words, edges[:-1], edges[1:], strict=True)
    )
    common = np.gcd(SAMPLE_RATE, rate_hz)
    resampled = resample_poly(audio, SAMPLE_RATE // common, rate_hz // common)
    return Speech(resampled.astype(np.float32), spans, phonemes)


def _synthesize(
    text: str, voice: str, rate: int, pitch: int, seed: int
) -> tuple[np.ndarray, int, list[tuple[int, int, int, str]]]:
    """Audio float32 in [-1, 1], its rate, and events (type, text position, sample, phoneme)."""
    pieces: list[np.ndarray] = []
    events: list[tuple[int, int, int, str]] = []

    def receive(wave, count, event) -> int:  # type: ignore[no-untyped-def]
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while event[index].type != _EVENT_END:
            item = event[index]
            name = item.id.string.decode() if item.type == _EVENT_PHONEME else ""
            events.append((item.type, item.text_position, item.sample, name.strip("',%=")))
            index += 1
        return 0

    callback = _Callback(receive)
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        rate_hz = library.espeak_Initialize(
            _OUTPUT_SYNCHRONOUS,
            0,
            str(espeakng_loader.get_data_path()).encode(),
            _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_DONT_EXIT,
        )
        library.espeak_SetSynthCallback(callback)
        ctypes.CDLL(None).srand(seed % 2**31)
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed % 2**31))
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise InputError(
                f"espeak-ng has no voice {voice!r}; list them with `espeak-ng --voices`"
            )
        library.espeak_SetParameter(_RATE, rate, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        content = text.encode()
        library.espeak_Synth(
            content, len(content) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)
    return np.concatenate(pieces).astype(np.float32) / 2**15, rate_hz, events
