"""How far words are from where their letters put them: why `json` has no times of words.

    python benchmarks/word_times.py

Utterances of the embedded corpora, whose words' times are known, are divided by letters and blanks.
"""

import numpy as np

from mavsr.toy.portrait.clip import write_script
from mavsr.toy.portrait.settings import PortraitSettings

SPEAKERS, CLIPS = 5, 6


def main() -> None:
    """Print mean and 90th percentile of the distance for each text."""
    for text in ("grid", "books"):
        off: list[float] = []
        for speaker in range(SPEAKERS):
            for clip in range(CLIPS):
                name = f"test/t{speaker:03d}/{clip:05d}"
                words = write_script(PortraitSettings(text=text), name).words
                letters = np.cumsum([len(word.name) + 1 for word in words[:-1]])
                total = letters[-1] + len(words[-1].name)
                spoken = words[-1].end - words[0].start
                guessed = words[0].start + spoken * letters / total
                starts = np.array([word.start for word in words[1:]])
                off += np.abs(guessed - starts).tolist()
        mean, most = np.mean(off), np.quantile(off, 0.9)
        print(f"{text}: {len(off)} words, mean {mean:.2f} s, 90 % within {most:.2f} s")


if __name__ == "__main__":
    main()
