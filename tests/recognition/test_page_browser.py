"""The page in a real browser: upload, sliders, switches, errors, two users, no request elsewhere.

It needs the package ``playwright`` and a Chromium (Debian: ``apt-get install chromium``), which are
no part of the environment; without them nothing here runs. With MAVSR_SCREENSHOTS=folder the page
is written there as images.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from page_client import served

import mavsr
from mavsr.page.samples import samples

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
LOOKS = [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream"]
        arguments.append("--use-fake-device-for-media-stream")
        found = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


@pytest.fixture
def site(train):
    with served(mavsr.load(train()), most_bytes=2**22, offered=samples()) as client:
        yield client


@pytest.fixture
def visit(browser, site):
    """Open the page as another user; what it asks for and complains of is watched."""
    contexts = []

    def call(**look):
        context = browser.new_context(**look)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(site.address)
        until(page, "document.querySelectorAll('#samples button').length === 4")
        return page

    yield call
    for context in contexts:
        for page in context.pages:
            own = (site.address, "data:", "blob:")
            assert all(url.startswith(own) for url in page.asked)
            assert not page.complaints
        context.close()


def until(page, condition, seconds=120):
    """Wait for a JavaScript expression; the page's policy forbids Playwright's own way."""
    for _ in range(10 * seconds):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"in vain: {condition}; the page says {page.text_content('body')}")


def upload(page, path):
    page.set_input_files("#file", path)


def done(page, utterances=1):
    until(
        page,
        f"document.querySelectorAll('#segments li').length >= {utterances} && "
        "document.querySelector('#progress').hidden",
    )


def texts(page):
    return page.eval_on_selector_all(
        "#scales tbody tr", "rows => rows.map(row => row.lastElementChild.textContent.trim())"
    )


def test_an_upload_is_shown_with_everything(visit, site, place):
    page = visit()
    upload(page, place / "three.mp4")
    done(page)
    model = site.page.model
    expected = [model.transcribe(place / "three.mp4", scale) for scale in site.page.scales]
    assert texts(page) == [" ".join(text.split()) for text in expected]
    assert page.locator("#crops img").count() == 6
    assert page.locator("#scales mark").count() > 0
    until(page, "document.querySelector('#video').videoWidth > 0")
    assert page.evaluate("document.querySelector('#video').textTracks[0].cues.length") == 1
    colours = page.evaluate(
        "new Set(document.querySelector('#wave').getContext('2d')"
        ".getImageData(0, 0, 300, 60).data).size"
    )
    assert colours > 2, "the waveform is empty"


def test_sliders_choose_among_the_rates(visit, place):
    page = visit()
    upload(page, place / "three.mp4")
    done(page)
    assert page.text_content("#chosen") == "2, 1"
    first = page.text_content("#cost")
    page.locator("#audio").fill("1")
    page.locator("#video-rate").fill("1")
    assert page.text_content("#chosen") == "4, 3"
    assert "4 (12.5 tokens/s)" in page.text_content("#audio-out")
    assert page.text_content("#cost") != first
    row = page.locator("#scales tbody tr").nth(1)
    row.click()
    assert "on" in page.locator("#scales tbody tr").nth(1).get_attribute("class")
    assert page.text_content("#chosen") == row.locator("td").first.text_content()


def test_sliders_of_a_model_of_three_tasks_also_go_without_a_modality(train, browser, place):
    with served(mavsr.load(train("omni", method="omni-t"))) as client:
        page = browser.new_page()
        page.goto(client.address)
        until(page, "document.querySelector('#model').textContent !== ''")
        upload(page, place / "three.mp4")
        done(page)
        assert len(texts(page)) == len(client.page.scales) == 8
        page.locator("#video-rate").fill("2")
        assert page.text_content("#video-out") == "none"
        assert page.text_content("#chosen") == "2, –"
        page.locator("#video-rate").fill("0")
        page.locator("#see").uncheck()
        until(page, "document.querySelector('#remarks').textContent.includes('read, as a2')")
        done(page)
        assert texts(page)[-1] == "–", "a rate of video alone reads nothing then"
        page.locator("#see").check()
        done(page)
        page.locator("#video-rate").fill("2")
        page.locator("#audio").fill("2")
        assert page.text_content("#chosen") == "2, 1", "neither audio nor video is left"
        page.close()


def test_switches_and_babble_read_anew(visit, place):
    page = visit()
    upload(page, place / "three.mp4")
    done(page)
    page.locator("#see").uncheck()
    until(page, "document.querySelector('#remarks').textContent.includes('not seen')")
    assert page.locator("#crops img").count() == 0
    page.locator("#see").check()
    page.locator("#snr").fill("-10")
    page.locator("#snr").dispatch_event("change")
    assert page.text_content("#snr-out") == "-10 dB SNR"
    done(page)
    assert "snr=-10" in page.asked[-1]
    page.locator("#see").uncheck()
    page.locator("#hear").uncheck()
    page.wait_for_selector("#error:not([hidden])")
    assert "nothing is left to read" in page.text_content("#error")


def test_errors_are_sentences_and_the_page_goes_on(visit, place, tmp_path):
    page = visit()
    (tmp_path / "notes.mp4").write_text("no video")
    upload(page, tmp_path / "notes.mp4")
    page.wait_for_selector("#error:not([hidden])")
    told = page.text_content("#error")
    assert told.startswith("notes.mp4: cannot be read as a video or audio file")
    (tmp_path / "large.mp4").write_bytes(bytes(2**22 + 1))
    upload(page, tmp_path / "large.mp4")
    until(page, "document.querySelector('#error').textContent.includes('4 MB')")
    upload(page, place / "one.mp4")
    done(page)
    assert page.locator("#error").is_hidden()


def test_a_recording_of_oneself_is_read(visit):
    page = visit()
    page.click("#record")
    page.wait_for_timeout(1500)
    assert page.text_content("#record") == "stop and transcribe"
    page.click("#record")
    until(
        page, "!document.querySelector('#error').hidden || document.querySelector('#segments li')"
    )
    # Chromium's make-believe camera shows no face; what its microphone beeps is read, if anything.
    assert re.search("not seen|speaks|face", page.text_content("body"))


def test_two_users_at_once(visit, site, place):
    pages = [visit(), visit()]
    for page, name in zip(pages, ("one", "three"), strict=True):
        upload(page, place / f"{name}.mp4")
    for page in pages:
        done(page)
    # The model is the server's until then.
    for page, name in zip(pages, ("one", "three"), strict=True):
        text = site.page.model.transcribe(place / f"{name}.mp4", site.page.scales[0])
        assert texts(page)[0] == " ".join(text.split())


def test_a_page_that_is_closed_leaves_nothing(visit, site, place):
    page = visit()
    upload(page, place / "three.mp4")
    until(page, "!document.querySelector('#player').hidden")
    page.close()
    other = visit()
    upload(other, place / "one.mp4")
    done(other)
    assert len(site.page.recordings) == 1


@pytest.mark.parametrize(("width", "height", "scheme"), LOOKS)
def test_nothing_is_cut_off(visit, width, height, scheme):
    page = visit(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.click("#samples button:last-of-type")
    done(page, 5)
    page.locator("#segments button").nth(1).click()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    look = "getComputedStyle(document.body)"
    ink, back = page.evaluate(f"[{look}.color, {look}.backgroundColor]")
    dark = [sum(map(int, re.findall(r"\d+", colour)[:3])) < 384 for colour in (ink, back)]
    assert dark == ([True, False] if scheme == "light" else [False, True])
    if folder := os.environ.get("MAVSR_SCREENSHOTS"):
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"{scheme}{width}.png", full_page=True)
