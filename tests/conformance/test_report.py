"""The report beside a store: what it says, that nothing in it is taken for markup, and what a browser makes of it."""
import base64
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import browser
import numpy as np
import pytest
import zarr
from PIL import Image
from writer import Pixel, write_imzml

html5lib = pytest.importorskip("html5lib", reason="no html5lib: scripts/setup installs it")

MEBIBYTE = 1 << 20
EVIL = "</title></script><img src=x onerror=alert(1)>\"'&<!--"


def parse(path):
    """The page as a tree; a fault of HTML5 is an exception."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(Path(path).read_text("utf-8"))


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def section(tree, name):
    found = [s for s in tree.iter("section") if s.get("aria-labelledby") == f"h-{name}"]
    assert len(found) == 1, name
    return found[0]


def rows(element):
    return [[text_of(cell) for cell in row if cell.tag in ("th", "td")] for row in element.iter("tr")]


def numbers(tree):
    return json.loads(next(s.text for s in tree.iter("script") if s.get("id") == "numbers"))


def picture(image):
    start = "data:image/png;base64,"
    assert image.get("src").startswith(start)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("src")[len(start):]))).convert("RGBA"))


def check_page(path):
    """What holds of each report; returns its tree."""
    tree = parse(path)
    assert tree.get("lang") == "en"
    assert Path(path).stat().st_size < 5 * MEBIBYTE
    headings = [(int(e.tag[1]), text_of(e)) for e in tree.iter() if re.fullmatch("h[1-6]", str(e.tag))]
    assert [h for h, _ in headings].count(1) == 1 and headings[0][0] == 1
    assert all(b <= a + 1 for (a, _), (b, _) in zip(headings, headings[1:]))
    identities = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(identities) == len(set(identities))
    for link in tree.iter("a"):
        assert link.get("href")[0] == "#" and link.get("href")[1:] in identities
    for image in tree.iter("img"):
        assert re.search(r"\d", image.get("alt"))
        picture(image)
    for table in tree.iter("table"):
        assert table[0].tag == "caption" and text_of(table[0])
    policy = next(m.get("content") for m in tree.iter("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy.partition("script-src")[2]
    scripts = [s for s in tree.iter("script") if s.get("type") is None]
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(scripts) == 2 and not any(e.get("src") for e in tree.iter("script"))
    assert not [e for e in tree.iter() if e.tag in ("iframe", "object", "embed", "link", "base")]
    assert not [k for e in tree.iter() for k in e.attrib if k.startswith("on")]
    return tree


@pytest.fixture(scope="module")
def sample(mzgrid, tmp_path_factory):
    """A grid of 12 x 9 profiles with three peaks, one of them in the left half alone; two spectra are damaged."""
    place = tmp_path_factory.mktemp("report")
    mz = np.linspace(400, 500, 2001)
    random = np.random.default_rng(1)

    def profile(x, y):
        left = 1 if x <= 6 else 0
        peaks = [(420, 3000), (450, 2000 * left), (480, 1000)]
        values = sum(h * np.exp(-(((mz - m) / 0.2) ** 2)) for m, h in peaks)
        return values + random.uniform(0, 5, len(mz))

    faults = {(3, 2): "beyond", (10, 7): "lengths"}
    pixels = [Pixel(x, y, mz, profile(x, y), fault=faults.get((x, y))) for y in range(1, 10) for x in range(1, 13)]
    write_imzml(place / "a.imzML", pixels, profile=True, pixel_size=(50, 50))
    run = mzgrid.convert(place / "a.imzML", place / "a.zarr", "--bin-width", 0.05, "--mass-axis-type", "constant")
    assert "warning" in run.err
    (place / "seconds").write_text(str(run.seconds))
    return place


def test_what_the_page_says(sample):
    tree = check_page(sample / "a.zarr.report.html")
    table = zarr.open(sample / "a.zarr", mode="r")["tables/msi_dataset_z0"]
    record = json.loads((sample / "a.zarr.run.json").read_text())
    assert text_of(tree.find(".//h1")) == "a.zarr"
    facts = dict(zip([text_of(e) for e in tree.find(".//header").iter("dt")], [text_of(e) for e in tree.find(".//header").iter("dd")]))
    assert facts["pixels"] == "106" and facts["bins"] == f"{table['var/mz'].shape[0]:,}"

    read = dict(rows(section(tree, "input"))[:12])
    assert read["input"].endswith("a.imzML") and read["grid"] == "12 × 9 cells"
    axis = {row[0]: row for row in rows(section(tree, "axis"))}
    uns = table["uns/mzgrid"]
    assert axis["method"][1:] == [uns["resampling/method"][()], uns["resampling/method_reason"][()]]
    assert axis["mass axis"][1:] == ["constant", uns["mass_axis/type_reason"][()]]

    peaks = [float(row[0]) for row in rows(section(tree, "peaks"))[1:]]
    assert len(peaks) == 3
    # Not that they stand out of noise: peaks of centroids need not, where they crowd or on their own m/z.
    assert re.search(r"The 3 highest of \d+ peaks that mzgrid peaks picks at S/N 10\.", text_of(section(tree, "peaks")))
    np.testing.assert_allclose(peaks, [420, 450, 480], atol=0.06)
    images = [picture(i) for i in section(tree, "peaks").iter("img")]
    assert [i.shape for i in images] == [(9, 12, 4)] * 3
    left, right = images[1][:, :6, :3].astype(int), images[1][:, 6:, :3].astype(int)
    assert left[2, 1].sum() > 2 * right[2, 2].sum()

    tic = picture(next(section(tree, "tic").iter("img")))
    clear = {(x + 1, y + 1) for y, x in zip(*np.nonzero(tic[:, :, 3] == 0))}
    assert tic.shape == (9, 12, 4) and clear == {(3, 2), (10, 7)}

    skipped = section(tree, "skipped")
    assert "2 of the pixels (1.85 %)" in text_of(skipped)
    marks = picture(next(skipped.iter("img")))
    red = {(x + 1, y + 1) for y, x in zip(*np.nonzero((marks[:, :, :3] == (0xD5, 0x5E, 0)).all(axis=2)))}
    assert red == {(3, 2), (10, 7)}
    listed = {tuple(row[:3]) for row in rows(skipped) if row[0].isdigit()}
    reasons = table["uns/skipped_pixels/reason"][:]
    assert listed == {("15", "3, 2, 1", reasons[0]), ("82", "10, 7, 1", reasons[1])}

    warnings = [text_of(li) for li in section(tree, "warnings").iter("li")]
    assert warnings == record["warnings"] and len(warnings) >= 2
    origin = section(tree, "origin")
    assert html.unescape(text_of(origin.find(".//code"))).split()[1:4] == record["command_line"][1:4]
    phases = [row[0] for row in rows(section(tree, "time")) if len(row) == 4][1:]
    assert phases == ["open", "axis", "stream", "assemble", "finish"]

    found = numbers(tree)
    np.testing.assert_allclose(found["mz"], table["var/mz"][:], rtol=1e-6)
    np.testing.assert_allclose(found["mean"], table["var/mean_intensity"][:], rtol=1e-3)
    np.testing.assert_allclose(found["maximum"], table["var/max_intensity"][:], rtol=1e-3)
    # The program watches the clock a little longer than the conversion, and its user longer still.
    assert record["report"]["seconds"]["total"] - 0.002 <= found["phases"][-1][1] <= float((sample / "seconds").read_text())


def test_the_command_repeats_the_run(mzgrid, tmp_path):
    """Also with words that a shell would take apart."""
    name = "a b'c$(touch x);d.zarr"
    assert mzgrid("convert", "synthetic:7x6:50", name, "--bins", 200, "-q", cwd=tmp_path).status == 0
    before = (tmp_path / name / "zarr.json").read_bytes()
    command = text_of(section(check_page(tmp_path / f"{name}.report.html"), "origin").find(".//code"))
    shutil.rmtree(tmp_path / name)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert (tmp_path / name / "zarr.json").read_bytes() == before
    assert not (tmp_path / "x").exists()


def test_nothing_of_an_input_is_markup(mzgrid, tmp_path):
    """In names of files, terms of the header and words of the command line."""
    mz = np.linspace(100, 200, 400)
    evil = html.escape(EVIL)
    terms = ((None, "note", evil),)
    write_imzml(tmp_path / "in.imzML", [Pixel(x, 1, mz, np.sin(mz) ** 2 * x, terms=terms) for x in range(1, 5)])
    text = (tmp_path / "in.imzML").read_text("latin-1")
    text = text.replace("<fileContent>", f'<fileContent><userParam name="{evil}" value="{evil}"/>', 1)
    assert evil in text
    (tmp_path / "in.imzML").write_text(text, "latin-1")
    source = tmp_path / "<img src=x onerror=alert(1)>\"'&\u202e.imzML"
    (tmp_path / "in.imzML").rename(source)
    (tmp_path / "in.ibd").rename(source.with_suffix(".ibd"))
    store = tmp_path / "<script>alert(1)<!--.zarr"
    mzgrid.convert(source, store, "--bins", 300)
    page = Path(f"{store}.report.html")
    tree = check_page(page)
    assert text_of(tree.find(".//h1")) == store.name
    assert not [i for i in tree.iter("img") if i.get("src") == "x"]
    assert any("\\u{202e}" in cell for row in rows(section(tree, "input")) for cell in row)
    assert [cell for row in rows(section(tree, "input")) for cell in row if "onerror=alert" in cell]
    page.unlink()
    assert mzgrid("report", store).status == 0
    assert text_of(check_page(page).find(".//h1")) == store.name


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("layout", ["csr", "dense", "csc+csr"])
def test_layouts(mzgrid, tmp_path, layout, ranks):
    """The images are those of csc."""
    seen = []
    for kind in ("csc", layout):
        store = tmp_path / f"{kind}.zarr"
        mzgrid.convert("synthetic:20x15:200", store, "--bins", 2000, "--layout", kind, ranks=ranks)
        tree = check_page(f"{store}.report.html")
        seen.append([i.get("src") for i in section(tree, "peaks").iter("img")])
    assert len(seen[0]) > 0 and seen[0] == seen[1]


def test_numbers_are_written_for_people(mzgrid, tmp_path):
    """Intensities of all sizes: 97,180 and 7.5×10⁶, not 9.718e+04."""
    mz = np.linspace(100, 1000, 2001)
    for name, height in (("a", 3e3), ("b", 4e7), ("c", 2e-5)):
        values = [height * x * np.exp(-(((mz - 400) / 1.5) ** 2)) for x in range(1, 5)]
        write_imzml(tmp_path / f"{name}.imzML", [Pixel(x, 1, mz, v) for x, v in enumerate(values, 1)], profile=True)
        mzgrid.convert(tmp_path / f"{name}.imzML", tmp_path / f"{name}.zarr", "-q", "--mass-axis-type", "native")
        tree = check_page(tmp_path / f"{name}.zarr.report.html")
        said = " ".join(text_of(section(tree, part)) for part in ("tic", "peaks"))
        said += " ".join(image.get("alt") for image in tree.iter("img"))
        assert not re.search(r"\de[+-]\d", said), said
        brightest = {"a": "11,880 4 (100 %)", "b": "1.584×10⁸ 4 (100 %)", "c": "7.92×10⁻⁵ 4 (100 %)"}[name]
        assert brightest in [" ".join(row[3:5]) for row in rows(section(tree, "peaks"))[1:]], said


def test_a_report_made_later(mzgrid, tmp_path, sample):
    """What the run alone knew is in its record, or told to be unknown."""
    shutil.copytree(sample / "a.zarr", tmp_path / "a.zarr")
    assert mzgrid("report", "a.zarr", cwd=tmp_path).status == 0
    tree = check_page(tmp_path / "a.zarr.report.html")
    for name in ("warnings", "time", "origin"):
        assert "ot known: there is no run record beside the store" in text_of(section(tree, name))
    shutil.copy(sample / "a.zarr.run.json", tmp_path)
    assert mzgrid("report", "a.zarr", "-o", "b.html", cwd=tmp_path).status == 0
    tree = check_page(tmp_path / "b.html")
    assert len(list(section(tree, "warnings").iter("li"))) >= 2
    assert "was made after the run" in text_of(section(tree, "time"))
    original = check_page(sample / "a.zarr.report.html")
    for name in ("tic", "spectra", "peaks", "skipped", "warnings", "input", "axis", "origin"):
        assert text_of(section(tree, name)) == text_of(section(original, name)), name
    record = json.loads((tmp_path / "a.zarr.run.json").read_text())
    record["report"]["pixels"] += 1
    (tmp_path / "a.zarr.run.json").write_text(json.dumps(record))
    assert mzgrid("report", "a.zarr", "-o", "c.html", cwd=tmp_path).status == 0
    assert "is that of another one" in text_of(section(check_page(tmp_path / "c.html"), "time"))
    (tmp_path / "a.zarr.run.json").write_text("[1]")
    run = mzgrid("report", "a.zarr", "-o", "d.html", cwd=tmp_path)
    assert run.status == 0 and "a.zarr.run.json is no run record" in run.err


def test_a_report_that_cannot_be_written(mzgrid, tmp_path):
    """The store is complete, so that the run is."""
    name = "n" * 240 + ".zarr"  # room for the record's name, not for the report's
    run = mzgrid("convert", "synthetic:7x6:50", name, "--bins", 200, "-q", cwd=tmp_path)
    assert run.status == 0, str(run)
    assert "warning: the store is complete, but has no report: " in run.err
    assert (tmp_path / name / "zarr.json").exists()
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_several_planes(mzgrid, tmp_path):
    mz = np.linspace(100, 200, 300)
    pixels = [Pixel(x, y, mz, np.cos(mz) ** 2 + x, z=z) for z in (2, 5) for y in (1, 2, 3) for x in (1, 2)]
    pixels[7].fault = "beyond"
    write_imzml(tmp_path / "a.imzML", pixels)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "--bins", 200)
    tree = check_page(tmp_path / "a.zarr.report.html")
    assert "Shown is z = 2, the first of 4 planes" in text_of(section(tree, "tic"))
    assert "Not on the map: 1" in text_of(section(tree, "skipped"))


def test_a_table_of_several_samples(mzgrid, tmp_path):
    """There is no one image of it, and what its samples skipped stands with them."""
    for name in "ab":
        mzgrid.convert("synthetic:8x7:60", tmp_path / f"{name}.zarr", "--mass-axis-type", "constant", "--bin-width", 0.5,
                       "--dataset-id", name, "--no-report")
    assert not list(tmp_path.glob("*.html"))
    run = mzgrid("merge", "a.zarr", "b.zarr", "-o", "c.zarr", "--concat", cwd=tmp_path)
    assert run.status == 0, str(run)
    assert mzgrid("report", "c.zarr", cwd=tmp_path).status == 0
    tree = check_page(tmp_path / "c.zarr.report.html")
    assert "lie in 2 regions" in text_of(section(tree, "tic")) and "lie in 2 regions" in text_of(section(tree, "peaks"))
    assert "no list of skipped pixels of its own" in text_of(section(tree, "skipped"))
    assert len(rows(section(tree, "peaks"))) > 1 and len(numbers(tree)["mean"]) > 100


def test_what_is_no_store(mzgrid, tmp_path):
    (tmp_path / "file.zarr").write_text("x")
    for store, status in (("none.zarr", 1), ("file.zarr", 1), (".", 2)):
        run = mzgrid("report", store, cwd=tmp_path)
        assert run.status == status and run.err.count("mzgrid: error: ") == 1, str(run)
    assert [p.name for p in tmp_path.iterdir()] == ["file.zarr"]


def test_one_pixel(mzgrid, tmp_path):
    write_imzml(tmp_path / "a.imzML", [Pixel(5, 7, np.array([100.0, 101, 102]), np.array([1.0, 2, 3]))])
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "--bins", 3)
    check_page(tmp_path / "a.zarr.report.html")


# What a browser makes of it.


@pytest.fixture(scope="module")
def chromium():
    if not browser.CHROMIUM:
        pytest.skip("no chromium: scripts/setup --tests installs it")
    with browser.Browser() as one:
        yield one


def window(chromium):
    return [float(chromium.evaluate(f"document.getElementById('{name}').value")) for name in ("from", "to")]


def expect_quiet(chromium, page):
    assert chromium.problems == []
    assert [r for r in chromium.requests if not r.startswith("data:")] == [page]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_browser_draws_it(chromium, sample, tmp_path, dark, width):
    page = (sample / "a.zarr.report.html").as_uri()
    chromium.open(page, width=width, dark=dark)
    expect_quiet(chromium, page)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    ground = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 26)") is dark and (ground == "rgb(255, 255, 255)") is not dark
    drawn = chromium.evaluate("""[...document.querySelectorAll('#spectra canvas')].map(c => {
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })""")
    assert len(drawn) == 4 and sum(n > 1000 for n in drawn) == 2
    sizes = chromium.evaluate("[...document.images].map(i => [i.naturalWidth, i.clientWidth])")
    assert all(n > 0 and 20 < shown <= width for n, shown in sizes)
    chromium.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10000


def test_browser_labels_a_narrow_chart(chromium, mzgrid, tmp_path):
    """From a telephone to a desk, at all m/z and at few: two m/z at least, and none touches the next."""
    mzgrid.convert("synthetic:7x6:50:centroid:7", tmp_path / "a.zarr", "-q")  # m/z 100 to 1000
    for width in (320, 390, 1200):
        chromium.open((tmp_path / "a.zarr.report.html").as_uri(), width=width)
        for _ in range(7):
            boxes = chromium.evaluate("""[...document.querySelectorAll('#spectrum-mean .dygraph-axis-label-x')].map(label => {
                const range = document.createRange(); range.selectNodeContents(label);
                const box = range.getBoundingClientRect(); return [box.left, box.right, label.textContent]; })""")
            assert len(boxes) >= 2, (width, boxes)
            assert all(left[1] + 4 < right[0] for left, right in zip(boxes, boxes[1:])), (width, boxes)
            assert boxes[-1][1] <= width
            chromium.evaluate("document.querySelector('[data-do=in]').click()")
            chromium.evaluate("document.querySelector('[data-do=in]').click()")


def test_browser_zooms_by_keys_and_mouse(chromium, sample):
    page = (sample / "a.zarr.report.html").as_uri()
    chromium.open(page)
    chromium.evaluate("document.getElementById('spectra').focus()")
    low, high = window(chromium)
    assert low == pytest.approx(400, abs=0.1) and high == pytest.approx(500, abs=0.1)
    chromium.key("+")
    assert window(chromium) == pytest.approx([425, 475], abs=0.2)
    chromium.key("ArrowLeft")
    assert window(chromium) == pytest.approx([412.5, 462.5], abs=0.2)
    chromium.key("-")
    chromium.key("-")
    assert window(chromium) == [low, high]
    for _ in range(60):
        chromium.key("+")
    left, right = window(chromium)
    assert right >= left > low
    chromium.key("0")
    assert window(chromium) == [low, high]

    box = chromium.evaluate("""(() => { const b = document.getElementById('spectrum-mean'); b.scrollIntoView();
        const r = b.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()""")
    chromium.drag(box[0] + box[2] * 0.3, box[0] + box[2] * 0.5, box[1] + box[3] * 0.5)
    left, right = window(chromium)
    assert 420 < left < 440 and 440 < right < 460
    chromium.evaluate("document.querySelector('[data-do=all]').click()")
    assert window(chromium) == [low, high]

    chromium.evaluate("document.querySelector('.gallery button').click()")
    left, right = window(chromium)
    assert left < 420 < right and right - left < 20
    assert chromium.evaluate("document.activeElement.id") == "spectra"
    chromium.evaluate("document.getElementById('from').value = '450'; document.getElementById('to').value = 'x';"
                      "document.getElementById('tools').requestSubmit()")
    assert window(chromium) == [left, right]
    chromium.evaluate("document.getElementById('from').value = '449'; document.getElementById('to').value = '451';"
                      "document.getElementById('tools').requestSubmit()")
    assert window(chromium) == pytest.approx([449, 451])
    chromium.evaluate("document.getElementById('logarithmic').click()")
    chromium.scheme(True)
    expect_quiet(chromium, page)


def test_browser_keyboard_reaches_everything(chromium, sample):
    chromium.open((sample / "a.zarr.report.html").as_uri())
    chromium.key("Tab")
    assert chromium.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(80):
        chromium.key("Tab")
        seen.add(chromium.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 20)"))
    assert {"spectra", "Zoom in", "from", "to", "logarithmic", "show"} <= seen


def test_browser_runs_no_word_of_an_input(chromium, mzgrid, tmp_path):
    store = tmp_path / "<img src=x onerror=document.title='evil'>.zarr"
    mzgrid.convert("synthetic:7x6:50", store, "--bins", 300)
    page = Path(f"{store}.report.html").as_uri()
    chromium.open(page)
    expect_quiet(chromium, page)
    assert chromium.evaluate("document.title") == f"{store.name} – mzgrid report"
    # The policy holds even if markup came through.
    chromium.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.evil=1\"><a id=e onclick=\"window.evil=1\">')")
    chromium.evaluate("document.getElementById('e').click()")
    assert chromium.evaluate("window.evil") is None
    assert any("Content Security Policy" in p for p in chromium.problems)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_browser_axe_finds_nothing(chromium, sample, dark, width):
    import axe_core_python

    rules = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
    chromium.open((sample / "a.zarr.report.html").as_uri(), dark=dark, width=width)
    chromium.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium.evaluate(rules)
    found = chromium.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []
