"""A small imzML writer, so that tests can make exactly the file they need, whole or damaged at a chosen spectrum."""
import hashlib
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA_TYPES = {
    "<f8": ("MS:1000523", "64-bit float"),
    "<f4": ("MS:1000521", "32-bit float"),
    "<f2": ("MS:1000520", "16-bit float"),
    "<i8": ("MS:1000522", "64-bit integer"),
    "<i4": ("MS:1000519", "32-bit integer"),
    "<i2": ("IMS:1100001", "16-bit integer"),
    "<i1": ("IMS:1100000", "8-bit integer"),
}


@dataclass
class Pixel:
    """One spectrum. `fault` damages it: "beyond" puts its intensity beyond the ibd, "lengths" makes the intensity one
    value shorter than the m/z, "zlib" breaks the compressed intensity. `terms` (accession, or None for a user
    parameter, name, value) stand in its "spectrum", "scanList" or "scan" element, or there in a parameter group:
    "scan group". Without an x the position is left to them."""

    x: int | None
    y: int | None
    mz: np.ndarray
    intensity: np.ndarray
    z: int | None = None
    fault: str | None = None
    terms: tuple = ()
    where: str = "spectrum"
    stated: tuple | None = None  # lowest and highest observed m/z, as printed


def _term(accession, name, value=""):
    if accession is None:
        return f'<userParam name="{name}" value="{value}"/>'
    vocabulary = accession.partition(":")[0]
    return f'<cvParam cvRef="{vocabulary}" accession="{accession}" name="{name}" value="{value}"/>'


def _group(identity, array, kind, compressed):
    compression = ("MS:1000574", "zlib compression") if compressed else ("MS:1000576", "no compression")
    terms = [array, DATA_TYPES[kind], compression]
    body = "".join(_term(*t) for t in terms) + _term("IMS:1000101", "external data", "true")
    return f'<referenceableParamGroup id="{identity}">{body}</referenceableParamGroup>'


def _array(group, offset, length, encoded):
    return (
        f'<binaryDataArray encodedLength="0"><referenceableParamGroupRef ref="{group}"/>'
        + _term("IMS:1000103", "external array length", length)
        + _term("IMS:1000102", "external offset", offset)
        + _term("IMS:1000104", "external encoded length", encoded)
        + "<binary/></binaryDataArray>"
    )


def write_imzml(
    path,
    pixels,
    *,
    continuous=False,
    mz_type="<f8",
    intensity_type="<f4",
    compressed=False,
    profile=False,
    pixel_size=None,
    in_spectrum=False,
    identity="6f1b0f62-5ad3-4c3e-9d02-0d9a5a1c7e21",
):
    """Writes PATH and its .ibd. Continuous: the m/z of the first pixel are everybody's. `in_spectrum` puts positions
    into <spectrum> instead of <scan>."""
    path = Path(path)
    ibd = bytearray(uuid.UUID(identity).bytes)

    def store(values, kind, broken=False):
        raw = np.asarray(values).astype(kind).tobytes()
        if compressed:
            raw = zlib.compress(raw)
            if broken:
                raw = raw[: len(raw) // 2] + bytes(8) + raw[len(raw) // 2 + 8 :]
        offset = len(ibd)
        ibd.extend(raw)
        return offset, len(values), len(raw)

    shared = store(pixels[0].mz, mz_type) if continuous else None
    spectra = []
    groups = {}  # text of the terms -> id
    for i, p in enumerate(pixels):
        mz = shared or store(p.mz, mz_type)
        values = p.intensity[:-1] if p.fault == "lengths" else p.intensity
        intensity = store(values, intensity_type, p.fault == "zlib")
        if p.fault == "beyond":
            intensity = (10**12, *intensity[1:])
        position = ""
        if p.x is not None:
            position = _term("IMS:1000050", "position x", p.x) + _term("IMS:1000051", "position y", p.y)
        if p.z is not None:
            position += _term("IMS:1000052", "position z", p.z)
        if p.stated:
            position += _term("MS:1000528", "lowest observed m/z", p.stated[0])
            position += _term("MS:1000527", "highest observed m/z", p.stated[1])
        outside, inside = (position, "") if in_spectrum else ("", position)
        own = "".join(_term(*t) for t in p.terms)
        if p.where.endswith(" group"):
            name = groups.setdefault(own, f"kind{len(groups)}")
            own = f'<referenceableParamGroupRef ref="{name}"/>'
        element = p.where.split()[0]
        in_list = own if element == "scanList" else ""
        outside += own if element == "spectrum" else ""
        # The schema wants references before terms.
        inside = own + inside if element == "scan" else inside
        spectra.append(
            f'<spectrum id="spectrum={i}" index="{i}" defaultArrayLength="0">'
            f'<referenceableParamGroupRef ref="spectrum"/>{outside}'
            f'<scanList count="1">{in_list}<scan instrumentConfigurationRef="instrument">{inside}</scan></scanList>'
            f'<binaryDataArrayList count="2">{_array("mz", *mz)}{_array("intensity", *intensity)}'
            "</binaryDataArrayList></spectrum>\n"
        )
    kind = ("MS:1000128", "profile spectrum") if profile else ("MS:1000127", "centroid spectrum")
    mode = ("IMS:1000030", "continuous") if continuous else ("IMS:1000031", "processed")
    size = ""
    if pixel_size:
        size = _term("IMS:1000046", "pixel size (x)", pixel_size[0])
        size += _term("IMS:1000047", "pixel size y", pixel_size[1])
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">\n<cvList count="0"/>\n'
        f"<fileDescription><fileContent>{_term(*kind)}{_term(*mode)}"
        f'{_term("IMS:1000080", "universally unique identifier", "{" + identity.upper() + "}")}'
        f'{_term("IMS:1000091", "ibd SHA-1", hashlib.sha1(ibd).hexdigest())}</fileContent></fileDescription>\n'
        '<referenceableParamGroupList count="3">'
        f'{_group("mz", ("MS:1000514", "m/z array"), mz_type, compressed)}'
        f'{_group("intensity", ("MS:1000515", "intensity array"), intensity_type, compressed)}'
        f'<referenceableParamGroup id="spectrum">{_term(*kind)}{_term("MS:1000579", "MS1 spectrum")}'
        "</referenceableParamGroup>"
        + "".join(f'<referenceableParamGroup id="{i}">{t}</referenceableParamGroup>' for t, i in groups.items())
        + "</referenceableParamGroupList>\n"
        '<softwareList count="1"><software id="writer" version="1"/></softwareList>\n'
        f'<scanSettingsList count="1"><scanSettings id="scan">{size}</scanSettings></scanSettingsList>\n'
        '<instrumentConfigurationList count="1"><instrumentConfiguration id="instrument">'
        f'{_term("MS:1000557", "LTQ FT Ultra")}</instrumentConfiguration></instrumentConfigurationList>\n'
        f'<run id="run" defaultInstrumentConfigurationRef="instrument"><spectrumList count="{len(pixels)}">\n'
        + "".join(spectra)
        + "</spectrumList></run></mzML>\n",
        encoding="utf-8",
    )
    path.with_suffix(".ibd").write_bytes(ibd)
    return path
