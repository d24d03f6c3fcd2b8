import pandas as pd
import pytest
import yaml
from trees import write_clip, write_lrs2

from mavsr.corpus.check import check, describe_published, explain_shortfall, summarise
from mavsr.corpus.published import PUBLISHED
from mavsr.corpus.scan import scan
from mavsr.errors import InputError

SHARDS = {"train": 1, "val": 1, "test": 1}


@pytest.fixture
def configfile(tmp_path):
    """LRS2 is there, LRS3 is not."""
    write_lrs2(tmp_path / "lrs2")
    (tmp_path / "lrs2" / "test.txt").write_text("333/00001 NF\n333/00009 NF\n")
    corpora = {
        "lrs2": {"kind": "lrs2", "longest_segment_s": 1.5},
        "lrs3": {"kind": "lrs3", "longest_segment_s": 16, "validation_share": 0.1},
    }
    for name, section in corpora.items():
        section |= {"root": str(tmp_path / name), "shards": SHARDS}
    path = tmp_path / "my config.yaml"
    path.write_text(yaml.safe_dump({"corpora": corpora}))
    return path


def lines_about(output, split):
    return [line for line in output.splitlines() if line.strip().startswith(split)]


def test_one_corpus_is_counted_beside_the_papers(configfile, capsys):
    check([configfile], ["lrs2"])
    output = capsys.readouterr().out
    train, val, test, *more = (lines_about(output, s)[0] for s in ("train", "val", "test"))
    assert train.split()[:4] == ["train", "4", "9", "0.0"]
    assert "223 to 225 h" in train
    assert val.split()[:3] == ["val", "1", "3"]
    assert "1,243 utterances, 6,663 words" in test
    assert "test: -1,242 utterances against the 1,243 published" in output
    assert "1 clips are lost from test:" in output
    assert "main-333-00009" in output
    assert "lrs3" not in output
    assert not more


def test_a_missing_corpus_is_explained_after_the_others(configfile, capsys):
    with pytest.raises(InputError, match="not usable: lrs3; see above"):
        check([configfile], ["lrs3", "lrs2"])
    output = capsys.readouterr().out
    assert "no corpus at" in output
    assert "pretrain/<speaker>/<clip>.mp4" in output
    assert "LRS2 alone is enough" in output
    assert output.index("== lrs3") < output.index("== lrs2")
    assert "223 to 225 h" in output


def test_a_name_that_is_no_text_is_printed_all_the_same(configfile, tmp_path, capsys):
    write_clip(tmp_path / "lrs2" / "mvlrs_v1" / "main" / "caf\udce9" / "00001.mp4")
    check([configfile], ["lrs2"])
    assert "main-caf?-00001: not used" in capsys.readouterr().out


def test_all_corpora_of_the_config_are_checked_by_default(configfile, capsys):
    with pytest.raises(InputError, match="not usable: lrs3; see above"):
        check([configfile])
    assert "== lrs2 (lrs2)" in capsys.readouterr().out


def test_manifests_do_as_well(configfile, capsys, tmp_path):
    reading = {"kind": "lrs2", "longest_segment_s": 1.5}
    scan(tmp_path / "lrs2", tmp_path / "results" / "lrs2", SHARDS, reading)
    check([configfile], ["lrs2"], tmp_path / "results")
    output = capsys.readouterr().out
    assert lines_about(output, "train")[0].split()[:3] == ["train", "4", "9"]
    assert "1 clips are lost" not in output


def test_other_files_that_are_missing_are_named(configfile, capsys, tmp_path):
    more = tmp_path / "more.yaml"
    more.write_text(yaml.safe_dump({"noise": {"babble": "gone.wav"}}))
    check([configfile, more], ["lrs2"])
    assert "== other files\nnoise.babble: gone.wav is not a file" in capsys.readouterr().out


def test_an_unknown_corpus_or_config_is_named(configfile, tmp_path):
    with pytest.raises(InputError, match="'lrs9' is not under `corpora`"):
        check([configfile], ["lrs9"])
    with pytest.raises(InputError, match=r"gone.yaml cannot be read"):
        check([tmp_path / "gone.yaml"])
    (tmp_path / "bad.yaml").write_text("just text")
    with pytest.raises(InputError, match="holds no `key: value`"):
        check([tmp_path / "bad.yaml"])


def test_nothing_is_missing_from_a_complete_test_split():
    said = PUBLISHED["lrs3", "test"]
    words = [7] * (said.utterances - 1)
    words.append(said.words - sum(words))
    test = pd.DataFrame(
        {
            "text": [" ".join(["a"] * n) for n in words],
            "duration_s": 2.0,
            "speaker": "s",
        }
    )
    tables = {"train": test[:9], "val": test[:0], "test": test}
    summary = summarise("mine", "lrs3", tables)
    assert summary.words.tolist()[2] == 9890
    assert explain_shortfall("lrs3", summary) == ["val: no usable clip"]
    assert explain_shortfall("folder", summary) == ["val: no usable clip"]
    tables["test"] = test[:-1]
    (gap, *_) = [
        line
        for line in explain_shortfall("lrs3", summarise("mine", "lrs3", tables))
        if "utterances" in line
    ]
    assert gap == "test: -1 utterances against the 1,321 published"


def test_published_sizes_are_those_of_the_papers():
    assert describe_published("lrs3", "train").startswith("433 h [")
    assert describe_published("lrs2", "train").startswith("223 to 225 h [")
    assert describe_published("lrs3", "test").startswith("1,321 utterances, 9,890 words [")
