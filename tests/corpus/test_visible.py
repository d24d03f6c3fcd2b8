import pytest
from trees import write_clip

from mavsr.corpus.table import read_table
from mavsr.corpus.transcripts import clean_text, read_lrs, read_sidecar
from mavsr.corpus.visible import visible
from mavsr.evaluation.normalisers import NORMALISERS
from mavsr.evaluation.word_errors import count_errors

ZWSP, ZWNJ, ZWJ, BOM, SHY, NBSP, LRM = (
    "\u200b",
    "\u200c",
    "\u200d",
    "\ufeff",
    "\xad",
    "\xa0",
    "\u200e",
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"thank{ZWSP} you", "thank you"),
        (f"{BOM}very mu{SHY}ch", "very much"),
        (f"{LRM}a\u2060b\u202a c\u202c", "ab c"),
        (f"fi{ZWNJ}ne, o{ZWJ}k", "fine, ok"),
        ("heart\ufe0f", "heart"),
        ("bell\x07 \x7frings", "bell rings"),
        ("tab\tand\nline", "tab\tand\nline"),
    ],
)
def test_what_has_no_width_is_no_part_of_a_word(given, kept):
    assert visible(given) == kept


@pytest.mark.parametrize(
    "word",
    [
        f"می{ZWNJ}خواهم",  # Persian: "I want", two parts that must not join
        f"क्{ZWNJ}ष",  # Devanagari, after a virama
        f"ക്{ZWJ}",  # Malayalam's chillu as it was written before Unicode 5.1
        "ᠠ\u180bᠨ",  # Mongolian
    ],
)
def test_joiners_stay_where_they_are_spelling(word):
    assert visible(word) == word


def test_a_joiner_between_letters_that_do_not_join_goes():
    assert visible(f"دا{ZWNJ}ر") == "دار"


def test_no_break_spaces_are_spaces():
    assert clean_text(f"10{NBSP}000\u202fand\u3000so on") == "10 000 and so on"


@pytest.mark.parametrize("name", sorted(NORMALISERS))
def test_a_perfect_transcript_has_no_errors(name):
    said = {"a": clean_text(f"Thank{ZWSP} you {BOM}very mu{SHY}ch")}
    counts = count_errors(said, {"a": "thank you very much"}, NORMALISERS[name])
    assert int(counts.errors.sum()) == 0


def test_files_of_every_kind_are_read_without_them(tmp_path):
    video = write_clip(tmp_path / "s" / "a.mp4") or tmp_path / "s" / "a.mp4"
    lrs, plain, align = (video.with_suffix(s) for s in (".txt", ".md", ".align"))
    lrs.write_text(f"{BOM}{BOM}Text:  HE{SHY}LLO{ZWSP} YOU\n", encoding="utf-8")
    assert read_lrs(lrs)[0] == read_sidecar(lrs) == "hello you"
    plain.write_text(f"{ZWSP}hello{NBSP}you{ZWSP}", encoding="utf-8")
    assert read_sidecar(plain) == "hello you"
    align.write_text(f"{BOM}{BOM}0 100 hello\n100 200 yo{SHY}u\n", encoding="utf-8")
    assert read_sidecar(align) == "hello you"


def test_a_table_with_them_in_its_heading(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(f"video,text{ZWSP},split\na.mp4,hel{SHY}lo,train{ZWSP}\n", encoding="utf-8")
    rows, has_splits = read_table(table)
    assert has_splits
    assert (rows[0].split, rows[0].checked_text()) == ("train", "hello")
