"""``corpora``: where each lies, how it is read, and how many shards it has."""

from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from mavsr.config.base import Key, settings
from mavsr.config.downloads import DownloadSettings
from mavsr.config.portrait import PortraitKeys
from mavsr.config.values import Flag, OpenShare, Positive, Text

ShardCount = Annotated[int, Strict(), Field(ge=1, le=99_999)]
SCAN = ("scan_corpus",)


@settings("corpus.shards")
class Shards:
    """Shards per split: so many jobs of a stage can run at once; each takes seconds to start."""

    train: Annotated[ShardCount, Key("Of the training split", SCAN, plans=True)]
    val: Annotated[ShardCount, Key("Of the validation split", SCAN, plans=True)]
    test: Annotated[ShardCount, Key("Of the test split", SCAN, plans=True)]


@settings()
class LrsKeys:
    """How the trees of LRS2 and LRS3 are read."""

    longest_segment_s: Annotated[
        Positive,
        Key(
            "Clips of pretrain/ are cut at word boundaries into segments of at most this, save for "
            "a single longer word (16 for LRS3)",
            SCAN,
            unit="s",
        ),
    ]
    pretrain: Annotated[Flag, Key("Whether pretrain/ is trained on", SCAN)] = True


@settings()
class Lrs3Keys(LrsKeys):
    """How LRS3 is read; exactly one of ``validation_share`` and ``validation`` is given."""

    validation_share: Annotated[
        OpenShare | None,
        Key(
            "Share of trainval/ held out for validation, by speaker; pretrain clips of these "
            "speakers are not used either",
            SCAN,
        ),
    ] = None
    validation: Annotated[
        Text | None,
        Key(
            "In its place: test makes the test split the validation split too; else the path of a "
            "list of trainval clips",
            SCAN,
            plans=True,
        ),
    ] = None

    def __post_init__(self) -> None:
        if (self.validation_share is None) == (self.validation is None):
            raise ValueError(
                "give either validation_share (a share of trainval) or validation ('test', or the "
                "path of a list of clips)"
            )


@settings()
class FolderKeys:
    """How a folder of videos is read."""

    transcripts: Annotated[
        Text | None,
        Key(
            "A CSV file, or a folder that mirrors the root and holds .txt or .align files; null if "
            "these lie beside the videos",
            SCAN,
            plans=True,
        ),
    ] = None
    val_share: Annotated[
        OpenShare,
        Key("Share of the clips for validation, by speaker, if no table says the splits", SCAN),
    ] = 0.05
    test_share: Annotated[OpenShare, Key("Likewise for the test", SCAN)] = 0.1
    longest_clip_s: Annotated[Positive, Key("Longer clips are dropped", SCAN, unit="s")] = 30.0

    def __post_init__(self) -> None:
        if self.val_share + self.test_share >= 1:
            raise ValueError("val_share and test_share leave nothing for training; lower them")


Sources = Annotated[tuple[Text, ...], Field(min_length=1)]


@settings("corpus.splits")
class CropSplits:
    """Lists (.csv) or archives (.tar) of each split, below the root or absolute."""

    train: Annotated[
        Sources | None,
        Key("Of the training split; null where the corpus is tested on alone", SCAN, plans=True),
    ] = None
    val: Annotated[Sources | None, Key("Of the validation split; likewise", SCAN, plans=True)] = (
        None
    )
    test: Annotated[
        Sources | None,
        Key("Of the test split; null where it is trained on alone", SCAN, plans=True),
    ] = None

    def __post_init__(self) -> None:
        for name in (*(self.train or ()), *(self.val or ()), *(self.test or ())):
            if not name.endswith((".csv", ".tar")):
                raise ValueError(f"{name} is neither a list (.csv) nor an archive (.tar)")


@settings()
class CropsKeys:
    """How ready-made crops are read."""

    splits: Annotated[
        CropSplits,
        Key(
            "Lists (.csv) of auto_avsr's tree, or WebDataset archives (.tar), of each split; "
            "{000..063} and * stand for many"
        ),
    ]


Root = Annotated[
    Text, Key("Folder of the corpus", ("make_portrait", "download_corpus", "scan_corpus"))
]
ShardKeys = Annotated[Shards, Key("Changing it remakes the crops and all that follows")]
Download = Annotated[
    DownloadSettings | None,
    Key("Archives that the root is filled from (docs/data.md)", plans=True),
]


def _reading(corpus: Any, keys: type) -> dict[str, Any]:
    names = [field.name for field in fields(keys)]
    values = asdict(corpus)
    return {"kind": corpus.kind, **{name: values[name] for name in names}}


KINDS = Key("How the corpus is read", (*SCAN, "write_table if scored", "draw_figure"), plans=True)


@settings()
class PortraitCorpus(Lrs3Keys):
    """Talking portraits, made by the workflow in the layout of LRS3."""

    kind: Annotated[Literal["portrait"], KINDS] = Field(kw_only=True)
    root: Root = Field(kw_only=True)
    shards: ShardKeys = Field(kw_only=True)
    make: Annotated[PortraitKeys, Key("Size of the made corpus", ("make_portrait",))] = (
        PortraitKeys()
    )
    download: Download = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.download is not None:
            raise ValueError(
                "download: a corpus of kind portrait is made, not downloaded; remove it"
            )

    @property
    def reading(self) -> dict[str, Any]:
        """What its reader is told; without pretrain clips it does not look for any."""
        found = _reading(self, Lrs3Keys)
        return found if self.make.pretrain_clips else {**found, "pretrain": False}


@settings()
class Lrs3Corpus(Lrs3Keys):
    """LRS3, or a corpus in its layout."""

    kind: Annotated[Literal["lrs3"], KINDS] = Field(kw_only=True)
    root: Root = Field(kw_only=True)
    shards: ShardKeys = Field(kw_only=True)
    download: Download = None

    @property
    def reading(self) -> dict[str, Any]:
        """What its reader is told."""
        return _reading(self, Lrs3Keys)


@settings()
class Lrs2Corpus(LrsKeys):
    """LRS2."""

    kind: Annotated[Literal["lrs2"], KINDS] = Field(kw_only=True)
    root: Root = Field(kw_only=True)
    shards: ShardKeys = Field(kw_only=True)
    download: Download = None

    @property
    def reading(self) -> dict[str, Any]:
        """What its reader is told."""
        return _reading(self, LrsKeys)


@settings()
class FolderCorpus(FolderKeys):
    """Any videos with transcripts."""

    kind: Annotated[Literal["folder"], KINDS] = Field(kw_only=True)
    root: Root = Field(kw_only=True)
    shards: ShardKeys = Field(kw_only=True)
    download: Download = None

    @property
    def reading(self) -> dict[str, Any]:
        """What its reader is told."""
        return _reading(self, FolderKeys)


@settings()
class CropsCorpus(CropsKeys):
    """Mouth crops that others made."""

    kind: Annotated[Literal["crops"], KINDS] = Field(kw_only=True)
    root: Root = Field(kw_only=True)
    shards: ShardKeys = Field(kw_only=True)
    download: Download = None

    @property
    def reading(self) -> dict[str, Any]:
        """What its reader is told."""
        return _reading(self, CropsKeys)


Corpus = Annotated[
    PortraitCorpus | Lrs3Corpus | Lrs2Corpus | FolderCorpus | CropsCorpus,
    Field(discriminator="kind"),
]
"""A section under ``corpora``."""
