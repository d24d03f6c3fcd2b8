"""Command: the audio of one shard under noise (``python -m mavsr.noise.apply``)."""

import json
import logging
from contextlib import ExitStack
from pathlib import Path

from mavsr.command import progress, run_command
from mavsr.config.noise import NoiseSettings
from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio
from mavsr.mouths.ledger import kept_keys
from mavsr.noise.condition import Condition
from mavsr.noise.file import read_source
from mavsr.noise.render import Rendered, render
from mavsr.shards import Fields, extents, read_shard, shard_writer


def apply(
    shard: Path,
    noise: Path,
    conditions: list[str],
    outputs: list[Path],
    settings: NoiseSettings = NoiseSettings(),  # noqa: B008 (frozen)
    ledger: Path | None = None,
) -> None:
    """Write the audio of every clip of a mouth shard under noise conditions, a shard for each.

    The fields are ``flac`` (16 bit, 16 kHz) and ``json``: ``snr_db``, and in ``noise`` the pieces
    that were added, as pairs of their file and first sample at 16 kHz; both null where nothing
    was added.

    Args:
        shard: shard of mouth crops and audio.
        noise: audio file of any format and rate, such as NOISEX-92 babble or that of
            mavsr.noise.babble; or a list of pieces (mavsr.noise.listing, or a manifest).
        conditions: clean, snr_<dB>, <noise>_<dB> or view_<number> (see mavsr.noise.condition), of
            one noise.
        outputs: the shards to write (tar), one for each condition.
        settings: seed and parameters.
        ledger: the mouth shard's ledger, of which it must hold every clip that was kept.

    Raises:
        InputError: a condition does not concern audio, they are of several noises, or a clip cannot
            be given its noise; of that the message names shard, condition and clip.

    """
    if len(outputs) != len(conditions):
        raise InputError(f"{len(conditions)} conditions, but {len(outputs)} outputs")
    parsed = [_of_audio(condition) for condition in conditions]
    if len({condition.noise for condition in parsed}) > 1:
        raise InputError(f"{' and '.join(conditions)} are of several noises; give those of one")
    source = read_source(noise, parsed[0].noise, settings.test_share)
    repeated: list[str] = []
    expected = kept_keys(ledger) if ledger else None
    names = " ".join(conditions)
    with ExitStack() as stack:
        adders = [stack.enter_context(shard_writer(output)) for output in outputs]
        total = len(extents(shard, "json"))
        clips = read_shard(shard, expected)
        for key, fields in progress(clips, total, f"{names} for {outputs[0].name}"):
            if "flac" not in fields:
                raise InputError(f"{shard}: {key} has no audio (flac); remake the shard")
            audio = decode_audio(fields["flac"])
            for condition, add in zip(parsed, adders, strict=True):
                try:
                    rendered = render(audio, source, condition, key, settings)
                except InputError as error:
                    raise InputError(f"{shard} under {condition.name}: {error}") from error
                if rendered.noise is not None and rendered.noise.repeats:
                    repeated.append(key)
                add(key, _sample(rendered))
    if repeated:
        logging.warning(
            "%s: %d clips are longer than the noise for them and hear it repeated, the first is %s",
            noise,
            len(set(repeated)),
            repeated[0],
        )


def _of_audio(name: str) -> Condition:
    parsed = Condition.parse(name)
    if parsed.kind not in ("clean", "snr", "view"):
        raise InputError(f"condition {name!r} is one of video, and adds no noise to audio")
    return parsed


def _sample(rendered: Rendered) -> Fields:
    about = {"snr_db": rendered.snr_db, "noise": rendered.noise and rendered.noise.pieces}
    return {
        "flac": encode_audio(rendered.audio),
        "json": json.dumps(about, sort_keys=True).encode(),
    }


if __name__ == "__main__":
    run_command(apply)
