"""What mzgrid should compute, written again from its contract with numpy, the XML parser of Python and mpmath.

Nothing here comes from mzgrid or its output. An imzML file is decoded into spectra of doubles in the order of the
file; a mass axis is computed with 50 digits and rounded once; spectra are cleaned and resampled by numpy; and the
columns of obs and var, the rasters and their places follow from that.
"""
import math
import xml.etree.ElementTree as ET
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np

from reference_axis import EXPONENTS, LAWS, Axis, axis, count_bins, ulps  # noqa: F401  what tests call reference.axis

# --- imzML -----------------------------------------------------------------------------------------------------

FLOATS = {"MS:1000523": "<f8", "MS:1000521": "<f4", "MS:1000520": "<f2"}
INTEGERS = {
    "MS:1000522": "<i8",
    "MS:1000519": "<i4",
    "IMS:1000142": "<i8",
    "IMS:1000141": "<i4",
    "IMS:1100001": "<i2",
    "IMS:1100000": "<i1",
}
TYPES = {**FLOATS, **INTEGERS}
LENGTH_UNITS = {"UO:0000017": 1.0, "UO:0000018": 1e-3, "UO:0000016": 1e3, "UO:0000015": 1e4}


class Fault(Exception):
    """The spectrum cannot be decoded; the text says why."""


@dataclass
class Term:
    accession: str
    name: str
    value: str
    unit: str


@dataclass
class Array:
    kind: str  # "mz", "intensity" or "" for any other
    types: list  # numpy type strings of all data type terms
    compressed: bool
    offset: int | None
    length: int | None
    encoded: int | None


@dataclass
class Spectrum:
    ordinal: int
    position: tuple  # x, y, z as in the file; z is 1 where the file has none
    arrays: list
    lowest: str | None  # as printed
    highest: str | None
    terms: list = field(default_factory=list)


@dataclass
class Document:
    path: Path
    spectra: list
    content: list  # terms of fileContent
    scan_settings: list  # a list of terms for each scanSettings
    instrument: list  # terms of all instrumentConfigurations, components included
    truncated: bool
    ibd: bytes

    def term(self, accession):
        return next((t.value for t in self.content if t.accession == accession), None)

    @property
    def uuid(self):
        return self.term("IMS:1000080").strip("{}").replace("-", "").lower()

    @property
    def continuous(self):
        return any(t.accession == "IMS:1000030" for t in self.content)


def _tag(element):
    return element.tag.rpartition("}")[2]


def _integer(text):
    """A whole number, also one printed as 1.156e+09."""
    try:
        value = Decimal(text.strip())
        return int(value) if value == value.to_integral_value() else None
    except (AttributeError, ArithmeticError, ValueError):
        return None


def _terms(element, groups):
    """cvParams of the element: of its groups first, so that its own come last and win."""
    found = []
    for child in element:
        if _tag(child) == "referenceableParamGroupRef":
            group = groups.get(child.get("ref"))
            if group is not None:
                found += _terms(group, groups)
    for child in element:
        if _tag(child) == "cvParam":
            found.append(
                Term(child.get("accession"), child.get("name"), child.get("value", ""), child.get("unitAccession"))
            )
    return found


def _descendants(element, tag):
    return [e for e in element.iter() if _tag(e) == tag]


def _last(terms, accession):
    return next((t.value for t in reversed(terms) if t.accession == accession), None)


def _users(element, groups):
    """userParams of the element: of its groups first, so that its own come last and win. A group of mzML holds
    cvParams and userParams alike."""
    found = []
    for child in element:
        if _tag(child) == "referenceableParamGroupRef" and child.get("ref") in groups:
            found += _users(groups[child.get("ref")], groups)
    return found + [(e.get("name"), e.get("value")) for e in element if _tag(e) == "userParam"]


def _outside_arrays(element):
    """The element and all below it that mzML lets have parameters of the spectrum: all but its arrays."""
    yield element
    for child in element:
        if _tag(child) != "binaryDataArrayList":
            yield from _outside_arrays(child)


def _position(element, terms, groups):
    """x, y, z; 3DPositionX, Y and Z, as Cardinal and M2aia write them, stand in for terms that are not there, z only
    beside such an x and y."""
    users = dict(pair for part in _outside_arrays(element) for pair in _users(part, groups))
    x, y, z = (_last(terms, f"IMS:100005{i}") for i in range(3))
    if z is None:
        z = users.get("3DPositionZ") if x is None and y is None else "1"
    x, y = x or users.get("3DPositionX"), y or users.get("3DPositionY")
    return _integer(x), _integer(y), _integer(z or "1")


def _array(element, groups):
    terms = _terms(element, groups)
    accessions = {t.accession for t in terms}
    kind = "mz" if "MS:1000514" in accessions else "intensity" if "MS:1000515" in accessions else ""
    types = list(dict.fromkeys(TYPES[t.accession] for t in terms if t.accession in TYPES))
    return Array(
        kind,
        types,
        "MS:1000574" in accessions,
        _integer(_last(terms, "IMS:1000102")),
        _integer(_last(terms, "IMS:1000103")),
        _integer(_last(terms, "IMS:1000104")),
    )


def _spectrum(element, ordinal, groups):
    terms = [term for part in _outside_arrays(element) for term in _terms(part, groups)]
    position = _position(element, terms, groups)
    arrays = [_array(e, groups) for e in _descendants(element, "binaryDataArray")]
    return Spectrum(ordinal, position, arrays, _last(terms, "MS:1000528"), _last(terms, "MS:1000527"), terms)


def read_imzml(path):
    """The description of an imzML file and the bytes of its ibd. XML that ends early leaves the complete spectra."""
    path = Path(path)
    document = Document(path, [], [], [], [], False, path.with_suffix(".ibd").read_bytes())
    groups = {}
    in_list = False  # spectra elsewhere are none
    try:
        for event, element in ET.iterparse(path, ("start", "end")):
            tag = _tag(element)
            if event == "start":
                in_list = in_list or tag == "spectrumList"
            elif tag == "referenceableParamGroup":
                groups[element.get("id")] = element
            elif tag == "fileContent":
                document.content = _terms(element, groups)
            elif tag == "scanSettings":
                document.scan_settings.append(_terms(element, groups))
            elif tag == "instrumentConfiguration":
                for part in element.iter():
                    document.instrument += _terms(part, groups)
            elif tag == "spectrum" and in_list:
                document.spectra.append(_spectrum(element, len(document.spectra), groups))
                element.clear()
    except ET.ParseError:
        document.truncated = True
    # Groups may stand behind what refers to them only in broken files; the sets here have them in order.
    return document


def _decode_array(array, ibd):
    if array.length is None or array.offset is None:
        raise Fault("offset or length is not a number")
    if array.length < 0 or array.offset < 0:
        raise Fault("offset or length is negative")
    types = array.types
    if len(types) > 1 and not array.compressed and array.encoded:
        types = [t for t in types if np.dtype(t).itemsize * array.length == array.encoded]
    if len(types) != 1:
        raise Fault("no single data type")
    item = np.dtype(types[0])
    size = array.encoded if array.compressed else array.length * item.itemsize
    if size is None or array.offset + size > len(ibd):
        raise Fault("ends beyond the ibd")
    if not array.compressed and array.encoded and array.encoded != size:  # 0 is what some write for none
        raise Fault("encoded length does not fit")
    stored = ibd[array.offset : array.offset + size]
    if array.compressed and array.length > 0:
        try:
            stored = zlib.decompress(stored)
        except zlib.error as error:
            raise Fault(f"compressed stream: {error}") from error
        if len(stored) != array.length * item.itemsize:
            raise Fault("inflates to another length")
    return np.frombuffer(stored, item, array.length).astype(np.float64)


def decode(document, spectrum):
    """m/z and intensity of one spectrum as doubles in file order; raises Fault."""
    arrays = {a.kind: a for a in spectrum.arrays if a.kind}
    for kind in ("mz", "intensity"):
        if kind not in arrays:
            raise Fault(f"no {kind} array")
    if arrays["mz"].length != arrays["intensity"].length:
        for array in arrays.values():
            _decode_array(array, document.ibd)
        raise Fault("m/z and intensity have different lengths")
    return _decode_array(arrays["mz"], document.ibd), _decode_array(arrays["intensity"], document.ibd)


def pixels(document):
    """(position, ordinals of its spectra), in the order of the first spectrum of each position."""
    found = {}
    for s in document.spectra:
        found.setdefault(s.position, []).append(s.ordinal)
    return list(found.items())


def _half_unit(printed):
    return Decimal((0, (5,), Decimal(printed).as_tuple().exponent - 1))


def _rounding(array, printed):
    """By which a value of the array's type can miss the m/z that was meant."""
    kind = np.dtype(array.types[0])
    return Decimal(float(np.spacing(kind.type(printed)))) if kind.kind == "f" else Decimal(1)


def metadata_range(document):
    """Lowest and highest observed m/z over all spectra with points, each widened by half a unit of its last printed
    digit and by the rounding of the stored type; None where a spectrum lacks one or where it is no m/z, or where the
    data contradict it."""
    low, high = [], []
    for s in document.spectra:
        try:
            is_sound, is_empty = True, len(decode(document, s)[0]) == 0
        except Fault:
            is_sound, is_empty = False, False
        if is_empty:
            continue
        told = s.lowest is not None and s.highest is not None
        if not told or not (0 < Decimal(s.lowest) <= 10**6 and 0 < Decimal(s.highest) <= 10**6):
            if is_sound:
                return None
            continue
        mz = next(a for a in s.arrays if a.kind == "mz")
        low.append(Decimal(s.lowest) - _half_unit(s.lowest) - _rounding(mz, s.lowest))
        high.append(Decimal(s.highest) + _half_unit(s.highest) + _rounding(mz, s.highest))
    if not low:
        return None
    found = scanned_range(document)
    return (float(min(low)), float(max(high))) if min(low) <= found[0] and found[1] <= max(high) else None


def scanned_range(document):
    """Extremes of the finite m/z in (0, 1e6] of all decodable spectra."""
    low, high = math.inf, -math.inf
    for s in document.spectra:
        try:
            mz, _ = decode(document, s)
        except Fault:
            continue
        mz = mz[np.isfinite(mz) & (mz > 0) & (mz <= 1e6)]
        if len(mz):
            low, high = min(low, mz.min()), max(high, mz.max())
    return low, high


def pixel_size(document):
    """x and y size in micrometre; (None, None) where unknown. Without a unit it is micrometre; y is x where not told."""
    for terms in document.scan_settings:
        size = [None, None]
        for t in terms:
            if t.accession in ("IMS:1000046", "IMS:1000047") and t.value:
                size[t.accession == "IMS:1000047"] = float(t.value) * LENGTH_UNITS.get(t.unit, 1.0)
        if size[0]:
            return size[0], size[1] or size[0]
    return None, None


# --- Spectra ---------------------------------------------------------------------------------------------------


@dataclass
class Clean:
    mz: np.ndarray
    intensity: np.ndarray
    dropped: int


def clean(mz, intensity):
    """Without points of no use, in order of m/z, points of equal m/z made one."""
    good = np.isfinite(mz) & np.isfinite(intensity) & (mz > 0)
    dropped = int(len(mz) - good.sum())
    mz, intensity = mz[good], intensity[good]
    order = np.argsort(mz, kind="stable")
    mz, intensity = mz[order], intensity[order]
    distinct, group = np.unique(mz, return_inverse=True)
    return Clean(distinct, np.bincount(group.reshape(-1), intensity, len(distinct)), dropped)


def locate(mz, edges):
    """The bin of each m/z, -1 outside; the last bin is closed."""
    k = np.searchsorted(edges, mz, side="right") - 1
    k[mz == edges[-1]] = len(edges) - 2
    k[(mz < edges[0]) | (mz > edges[-1])] = -1
    return k


def nearest_neighbor(points, edges, centers):
    """As numpy.histogram(mz, edges, weights=intensity), each bin added up by itself."""
    k = locate(points.mz, edges)
    return np.bincount(k[k >= 0], points.intensity[k >= 0], len(centers)).astype(np.float64)


def linear(points, edges, centers):
    if len(points.mz) == 0:
        return np.zeros(len(centers))
    return np.interp(centers, points.mz, points.intensity, left=0.0, right=0.0)


METHODS = {"nearest_neighbor": nearest_neighbor, "linear": linear}


# --- The table and the rasters ---------------------------------------------------------------------------------


@dataclass
class Expected:
    obs: dict  # column -> array
    X: np.ndarray  # rows x bins, double
    scale: np.ndarray  # per row: the sum of |intensity|, for tolerances
    skipped: list  # (spectrum, position, reason)
    ambiguous: int  # points whose bin depends on how an edge was rounded
    outside: int  # clean points beyond the axis


def table(document, edges, centers, method, *, own_edges=None, duplicates="sum", size=(None, None)):
    """Rows and obs. `edges` and `centers` are those the values are for; with `own_edges` the number of points is told
    that lie in other bins of those."""
    box = [[f(p[i] for p, _ in pixels(document)) for i in range(3)] for f in (min, max)]
    size = [s or 1.0 for s in size]
    names = "instance_key x y z spatial_x spatial_y spectrum_index n_spectra n_points dropped_points".split()
    names += "tic rms median_intensity".split()
    obs = {c: [] for c in names + ["base_peak_mz", "base_peak_intensity"]}
    rows, scales, skipped, ambiguous, outside = [], [], [], 0, 0
    for key, (position, ordinals) in enumerate(pixels(document), start=1):
        row, scale, used = np.zeros(len(centers)), 0.0, []
        n_points = dropped = 0
        tic, peak, all_finite = 0.0, (0.0, 0.0), np.empty(0)
        for ordinal in ordinals if duplicates == "sum" else ordinals[:1]:
            try:
                mz, intensity = decode(document, document.spectra[ordinal])
            except Fault as fault:
                skipped.append((ordinal, position, str(fault)))
                continue
            points = clean(mz, intensity)
            row = row + METHODS[method](points, edges, centers)
            bins = locate(points.mz, edges)
            outside += int((bins < 0).sum())
            if own_edges is not None:
                ambiguous += int((bins != locate(points.mz, own_edges)).sum())
            finite = intensity[np.isfinite(intensity)]
            tic += math.fsum(finite)
            all_finite = np.append(all_finite, finite)
            scale += math.fsum(np.abs(finite))
            n_points += len(mz)
            dropped += points.dropped
            if len(points.mz):
                best = int(np.argmax(points.intensity))
                if not any(n for _, n in used) or points.intensity[best] > peak[1]:
                    peak = (points.mz[best], points.intensity[best])
            used.append((ordinal, len(points.mz)))
        if not used:
            continue
        origin = [min(1, m) for m in box[0]]
        values = [key, *position]
        values += [(position[i] - origin[i] + 0.5) * size[i] for i in range(2)]
        largest = np.abs(all_finite).max(initial=0.0) or 1.0
        rms = largest * np.sqrt(np.mean((all_finite / largest) ** 2)) if len(all_finite) else 0.0
        median = np.median(all_finite[all_finite > 0]) if (all_finite > 0).any() else 0.0
        values += [used[0][0], len(used), n_points, dropped, tic, rms, median, *peak]
        for column, value in zip(obs, values):
            obs[column].append(value)
        rows.append(row)
        scales.append(scale)
    X = np.array(rows).reshape(len(rows), len(centers))
    return Expected(
        {c: np.array(v) for c, v in obs.items()}, X, np.array(scales), skipped, ambiguous, outside
    )


def box(document):
    """((x, y, z) of the lowest corner, of the highest), over all indexed pixels."""
    positions = np.array([p for p, _ in pixels(document)])
    return positions.min(axis=0), positions.max(axis=0)


def raster(positions, values, dtype):
    """(y, x), or (z, y, x) where there are several z, over the bounding box of these positions."""
    low, high = np.min(positions, axis=0), np.max(positions, axis=0)
    shape = tuple((high - low + 1)[::-1])
    image = np.zeros(shape, dtype)
    for (x, y, z), value in zip(positions, values):
        image[z - low[2], y - low[1], x - low[0]] = value
    return image if shape[0] > 1 else image[0]


def columns(X):
    """mean_intensity, max_intensity and n_pixels of every column of a csc matrix of stored values."""
    n = X.shape[0]
    mean, largest, count = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.zeros(X.shape[1], np.int64)
    for k in np.flatnonzero(np.diff(X.indptr)):
        stored = X.data[X.indptr[k] : X.indptr[k + 1]].astype(np.float64)
        mean[k] = math.fsum(stored) / n
        largest[k] = stored.max() if len(stored) == n else max(0.0, stored.max())
        count[k] = np.count_nonzero(stored)
    return mean, largest, count
