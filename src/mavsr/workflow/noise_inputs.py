"""Input functions of noise: what babble and further noises are made of, and what is mixed in."""

from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from mavsr.config.downloads import RemoteFile
from mavsr.config.noise import TESTED
from mavsr.errors import InputError
from mavsr.noise.condition import BABBLE, Condition
from mavsr.noise.folder import recordings
from mavsr.workflow import paths
from mavsr.workflow.asked import Asked


def check_noises(asked: Asked, condition: str) -> None:
    """Raise WorkflowError if a file's name says a condition that is none, or of no known noise."""
    try:
        wanted = [Condition.parse(name) for name in condition.split("+")]
    except InputError as error:
        raise WorkflowError(str(error)) from None
    for part in wanted:
        if part.noise not in (BABBLE, *asked.config.noises):
            known = ", ".join(asked.config.noises) or "nothing there"
            raise WorkflowError(
                f"{condition} is about a noise {part.noise!r}, which is not under `noises` "
                f"({known}); babble is snr_{part.number:g}"
            )


class NoiseInputs:
    """Those that need the config."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def babble(self, wildcards: Any) -> str:
        """The configured babble, or that mixed from training voices (:meth:`Asked.voices`)."""
        if self.asked.config.noise.babble is not None:
            return paths.BABBLE
        return paths.OWN_BABBLE.format(corpus=self.asked.voices(wildcards["corpus"]))

    def noise(self, wildcards: Any) -> str:
        """What a condition mixes in: babble, a recording, or a list of pieces."""
        check_noises(self.asked, wildcards["condition"])
        name = Condition.parse(wildcards["condition"]).noise
        if name == BABBLE:
            return self.babble(wildcards)
        noise = self.asked.config.noises[name]
        if noise.corpus is not None:
            corpus = wildcards["corpus"] if noise.corpus == TESTED else noise.corpus
            return paths.MANIFEST.format(corpus=corpus, split="test")
        return (paths.NAMED_NOISE if noise.file else paths.NOISE_LIST).format(noise=name)

    def noise_file(self, wildcards: Any) -> list[str]:
        """The recording of a further noise if it is there: a dry run works, and the job says so."""
        source = self.asked.config.noises[wildcards["noise"]].file or ""
        return [source] if Path(source).is_file() else []

    def noise_recordings(self, wildcards: Any) -> list[str]:
        """The recordings in the folder of a further noise, if they are there."""
        folder = self.asked.config.noises[wildcards["noise"]].folder or ""
        try:
            return [str(path) for path in recordings(Path(folder))]
        except InputError:
            return []

    def babble_source(self, wildcards: Any) -> str:
        """The configured recording, or where ``download_babble`` puts it."""
        babble = self.asked.config.noise.babble
        if isinstance(babble, RemoteFile):
            return paths.BABBLE_DOWNLOAD.format(name=babble.name)
        return babble or ""

    def babble_recording(self, wildcards: Any) -> list[str]:
        """The same, but nothing if it is missing: a dry run works, and the job says so."""
        source = self.babble_source(wildcards)
        fetched = isinstance(self.asked.config.noise.babble, RemoteFile)
        return [source] if fetched or Path(source).is_file() else []
