"""``mavsr export --to-hub-layout`` gives a folder that a hub takes, with a card of what it is."""

import pandas as pd
import peft
import pytest
from huggingface_hub import ModelCard
from tiny import DIMS, change_run, save_trained, scramble

from mavsr import cli
from mavsr.evaluation.score import COLUMNS
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.llm import load_llm
from mavsr.tables import write_csv

SETUP = {
    "corpora": ["lrs3"],
    "encoders": {
        "audio": {"kind": "whisper", "path": "openai/whisper-medium.en"},
        "video": {"kind": "avhubert", "path": "data/avhubert/large_vox_iter5.pt"},
    },
}


@pytest.fixture
def exported(settings_of, tmp_path):
    """Export a model at (4, 3) with scores of it and of another."""
    model = scramble(MatryoshkaModel(settings_of(method="mtsk-mss"), DIMS))
    folder = save_trained(model, tmp_path / "mine", setup=SETUP)
    rows = [
        {"model": name, "audio_rate": a, "video_rate": v, "wer": wer, "wer_low": wer - 1}
        for name, a, v, wer in (("mine", 4, 3, 12.345), ("mine", 2, 1, 10.0), ("other", 4, 3, 99.0))
    ]
    table = pd.DataFrame(rows).assign(
        corpus="lrs3", split="test", condition="clean", wer_high=lambda t: t.wer + 1
    )
    write_csv(tmp_path / "wer.csv", table.reindex(columns=list(COLUMNS)))
    output = tmp_path / "hub"

    def call(scores="wer.csv"):
        words = ["export", str(folder), "--scale", "4,3", "--output", str(output)]
        cli.main([*words, "--to-hub-layout", "--scores", str(tmp_path / scores)])
        return model, output

    return call


def test_the_card_says_what_it_is_and_how_well_it_does(exported):
    _, output = exported()
    card = ModelCard.load(output / "README.md")
    assert card.data.library_name == "peft"
    [result] = card.data.eval_results
    assert (result.metric_type, result.metric_value) == ("wer", 12.35)
    assert result.dataset_name == "lrs3, clean"
    assert "| lrs3, test, clean, a4_v3 | 12.3 (11.3 to 13.3) |" in card.text
    assert "| lrs3, test, clean, a2_v1 | 10.0 (9.0 to 11.0) |" in card.text
    assert "99.0" not in card.text
    assert "the rates (2,1), (2,3), (4,1), (4,3)" in card.text
    for part, licence in (
        ("video encoder", "Meta's non-commercial licence"),
        ("audio encoder", "Whisper: MIT"),
        ("data", "research only"),
    ):
        [line] = [x for x in card.text.splitlines() if x.startswith(f"- {part}:")]
        assert licence in line


@pytest.mark.parametrize(
    ("corpora", "language"),
    [(["lrs3"], "en"), (["LRS2", "lrs3"], "en"), (["cmlr"], None), (["lrs3", "cmlr"], None)],
)
def test_a_language_is_said_where_it_is_known(exported, tmp_path, corpora, language):
    change_run(tmp_path / "mine", setup=SETUP | {"corpora": corpora})
    assert ModelCard.load(exported()[1] / "README.md").data.language == language


def test_the_folder_is_an_adapter(exported):
    model, output = exported()
    assert {path.name for path in output.iterdir()} == {
        *("README.md", "adapter_config.json", "adapter_model.safetensors"),
        *("export.json", "projectors.safetensors"),
    }
    peft.PeftModel.from_pretrained(load_llm(model.settings.llm)[0], output)
    assert "not enough" not in (output / "README.md").read_text()


def test_without_scores_the_card_says_so(exported, caplog):
    _, output = exported("missing.csv")
    assert "None was measured." in (output / "README.md").read_text()
    assert "has no WER of" in caplog.text


def test_scores_that_people_may_open_are_taken(exported, tmp_path):
    """``results/wer.csv`` carries no checksum."""
    table = pd.read_csv(tmp_path / "wer.csv")
    table.iloc[:, :-1].to_csv(tmp_path / "plain.csv", index=False)
    _, output = exported("plain.csv")
    card = (output / "README.md").read_text()
    assert "| lrs3, test, clean, a4_v3 | 12.3 (11.3 to 13.3) |" in card


def test_no_message_tells_to_remove_a_file_of_ones_own(exported, tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("mouths: {detect_every: 3}\n")
    with pytest.raises(SystemExit):
        exported("own.yaml")
    told = capsys.readouterr().err
    assert "own.yaml is no whole table of scores" in told and "rm -f" not in told
    assert (tmp_path / "own.yaml").exists()


def test_plain_peft_is_claimed_of_loras_alone(settings_of, tmp_path):
    model = scramble(MatryoshkaModel(settings_of(method="mome-ffn"), DIMS))
    folder = save_trained(model, tmp_path / "mome", setup=SETUP)
    words = ["export", str(folder), "--scale", "4,3", "--output", str(tmp_path / "hub")]
    cli.main([*words, "--to-hub-layout", "--scores", str(tmp_path / "none.csv")])
    card = ModelCard.load(tmp_path / "hub" / "README.md")
    assert card.data.library_name is None
    assert "from_pretrained" not in card.text and "`mome.safetensors` holds" in card.text
    assert "not enough" not in card.text
