"""Command: the audio of one shard under one noise condition (``python -m mavsr.noise.apply``)."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from mavsr.command import progress, run_command
from mavsr.config.noise import NoiseSettings
from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio
from mavsr.mouths.ledger import kept_keys
from mavsr.noise.condition import Condition
from mavsr.noise.file import read_source
from mavsr.noise.render import render
from mavsr.shards import Fields, extents, read_shard, write_shard


def apply(
    shard: Path,
    noise: Path,
    condition: str,
    output: Path,
    settings: NoiseSettings = NoiseSettings(),  # noqa: B008 (frozen)
    ledger: Path | None = None,
) -> None:
    """Write the audio of every clip of a mouth shard under a noise condition.

    The fields are ``flac`` (16 bit, 16 kHz) and ``json``: ``snr_db``, and in ``noise`` the pieces
    that were added, as pairs of their file and first sample at 16 kHz; both null where nothing
    was added.

    Args:
        shard: shard of mouth crops and audio.
        noise: audio file of any format and rate, such as NOISEX-92 babble or that of
            mavsr.noise.babble; or a list of pieces (mavsr.noise.listing, or a manifest).
        condition: clean, snr_<dB>, <noise>_<dB> or view_<number> (see mavsr.noise.condition).
        output: the shard to write (tar).
        settings: seed and parameters.
        ledger: the mouth shard's ledger, of which it must hold every clip that was kept.

    Raises:
        InputError: the condition does not concern audio, or a clip cannot be given its noise.

    """
    parsed = Condition.parse(condition)
    if parsed.kind not in ("clean", "snr", "view"):
        raise InputError(f"condition {condition!r} is one of video, and adds no noise to audio")
    source = read_source(noise, parsed.noise, settings.test_share)
    repeated: list[str] = []
    expected = kept_keys(ledger) if ledger else None

    def samples() -> Iterator[tuple[str, Fields]]:
        total = len(extents(shard, "json"))
        clips = progress(read_shard(shard, expected), total, f"{condition} for {output.name}")
        for key, fields in clips:
            if "flac" not in fields:
                raise InputError(f"{shard}: {key} has no audio (flac); remake the shard")
            rendered = render(decode_audio(fields["flac"]), source, parsed, key, settings)
            added = rendered.noise
            if added is not None and added.repeats:
                repeated.append(key)
            about = {"snr_db": rendered.snr_db, "noise": added and added.pieces}
            yield (
                key,
                {
                    "flac": encode_audio(rendered.audio),
                    "json": json.dumps(about, sort_keys=True).encode(),
                },
            )

    write_shard(output, samples())
    if repeated:
        logging.warning(
            "%s: %d clips are longer than the noise for them and hear it repeated, the first is %s",
            noise,
            len(repeated),
            repeated[0],
        )


if __name__ == "__main__":
    run_command(apply)
