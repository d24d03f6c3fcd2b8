"""Command: the audio of one shard under one noise condition (``python -m mavsr.noise.apply``)."""

import json
from collections.abc import Iterator
from pathlib import Path

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio
from mavsr.mouths.ledger import kept_keys
from mavsr.noise.condition import Condition
from mavsr.noise.file import read_noise
from mavsr.noise.render import NoiseSettings, render
from mavsr.shards import Fields, extents, read_shard, write_shard


def apply(
    shard: Path,
    babble: Path,
    condition: str,
    output: Path,
    settings: NoiseSettings = NoiseSettings(),  # noqa: B008 (frozen)
    ledger: Path | None = None,
) -> None:
    """Write the audio of every clip of a mouth shard under a noise condition.

    The fields are ``flac`` (16 bit, 16 kHz) and ``json`` (``snr_db`` and ``noise_offset`` in
    samples of the noise at 16 kHz, both null where no noise was added).

    Args:
        shard: shard of mouth crops and audio.
        babble: noise file of any format and rate, such as NOISEX-92 babble or that of
            mavsr.noise.babble.
        condition: clean, snr_<dB> or view_<number> (see mavsr.noise.condition).
        output: the shard to write (tar).
        settings: seed and parameters.
        ledger: the mouth shard's ledger, of which it must hold every clip that was kept.

    """
    parsed = Condition.parse(condition)
    noise = read_noise(babble)
    expected = kept_keys(ledger) if ledger else None

    def samples() -> Iterator[tuple[str, Fields]]:
        total = len(extents(shard, "json"))
        clips = progress(read_shard(shard, expected), total, f"{condition} for {output.name}")
        for key, fields in clips:
            if "flac" not in fields:
                raise InputError(f"{shard}: {key} has no sound (flac); remake the shard")
            rendered = render(decode_audio(fields["flac"]), noise, parsed, key, settings)
            about = {"snr_db": rendered.snr_db, "noise_offset": rendered.noise_offset}
            yield (
                key,
                {
                    "flac": encode_audio(rendered.sound),
                    "json": json.dumps(about, sort_keys=True).encode(),
                },
            )

    write_shard(output, samples())


if __name__ == "__main__":
    run_command(apply)
