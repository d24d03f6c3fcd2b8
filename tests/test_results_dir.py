import pytest

from mavsr.errors import InputError
from mavsr.results_dir import link_results


@pytest.fixture
def link(tmp_path):
    (tmp_path / "big disk").mkdir()
    return tmp_path / "results"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "big disk" / "ann's results"


def test_results_lead_to_the_other_disk(link, target):
    link_results(str(target), link)
    (link / "a").write_text("1")
    assert (target / "a").read_text() == "1"
    link_results(str(target), link)
    link_results(None, link)
    assert (link / "a").read_text() == "1"


def test_nothing_is_touched_without_the_key(link):
    link_results(None, link)
    assert not link.exists()


def test_results_that_are_here_are_not_hidden(link, target):
    link.mkdir()
    with pytest.raises(InputError, match="results/ is a folder; move it"):
        link_results(str(target), link)


def test_a_link_elsewhere_is_kept(link, target):
    link_results(str(target), link)
    with pytest.raises(InputError, match=r"leads to .*ann's results"):
        link_results(str(target.with_name("other")), link)


def test_a_disk_that_is_not_mounted_is_not_filled_in_its_place(link, target):
    with pytest.raises(InputError, match="is its disk mounted"):
        link_results(str(target / "deep" / "er"), link)
    link_results(str(target), link)
    target.rmdir()
    target.parent.rmdir()
    with pytest.raises(InputError, match="is its disk mounted"):
        link_results(str(target), link)
