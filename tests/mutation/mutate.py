"""Damages pairs of files, each in a way that its number alone decides, so that any mutant can be made again."""
import random
import re

EXTREMES = [b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"-1", b"0", b"1", b"2147483647",
            b"4294967296", b"-9223372036854775808", b"1e300", b"1.5", b"nan", b"", b"99999999999", b"1e9", b"007"]
ELEMENT = re.compile(rb"<(cvParam|userParam|referenceableParamGroupRef|binary|scan)\b[^>]*/>|"
                     rb"<(binaryDataArray|spectrum|scan|scanList|referenceableParamGroup)\b[^>]*>.*?</\2>", re.DOTALL)
# What a spectrum, a group of parameters or a scan may say besides: kinds, planes, types of arrays, sizes and places.
TERMS = [
    b'<cvParam accession="MS:1000511" name="ms level" value="%d"/>' % level for level in (0, 1, 2, 3, 1000)
] + [
    b'<cvParam accession="MS:1000129" name="negative scan"/>',
    b'<cvParam accession="MS:1000130" name="positive scan"/>',
    b'<userParam name="3DPositionZ" value="2.0"/>',
    b'<cvParam accession="IMS:1000052" name="position z" value="3"/>',
    b'<cvParam accession="MS:1000520" name="16-bit float"/>',
    b'<cvParam accession="MS:1000574" name="zlib compression"/>',
    b'<cvParam accession="IMS:1000046" name="pixel size" value="2500"/>',
    b'<cvParam accession="IMS:1000053" name="absolute position offset x" value="1e5"/>',
    b'<cvParam accession="IMS:1000102" name="external offset" value="24"/>',
    b'<cvParam accession="MS:1000528" name="lowest observed m/z" value="300.5"/>',
]
PLACE = re.compile(rb"<scanList\b|<binaryDataArrayList\b|</binaryDataArray>|</scan>|</referenceableParamGroup>|</scanSettings>")
NUMBER = re.compile(rb'(?<==")[-+0-9.eE]+(?=")')


def flip_bytes(dice, data, lowest=0):
    data = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 8, 64])):
        if len(data) > lowest:
            data[dice.randrange(lowest, len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


def replace_numbers(dice, xml):
    numbers = list(NUMBER.finditer(xml))
    for match in sorted(dice.sample(numbers, min(len(numbers), dice.choice([1, 1, 2, 5]))), key=lambda m: -m.start()):
        xml = xml[: match.start()] + dice.choice(EXTREMES) + xml[match.end() :]
    return xml


def change_elements(dice, xml):
    """Drops, repeats or moves whole elements, so that the XML mostly stays well-formed."""
    for _ in range(dice.choice([1, 1, 2, 4])):
        elements = list(ELEMENT.finditer(xml))
        if not elements:
            break
        element = dice.choice(elements)
        what = dice.randrange(3)
        if what == 0:
            xml = xml[: element.start()] + xml[element.end() :]
        elif what == 1:
            xml = xml[: element.end()] + element.group() + xml[element.end() :]
        else:
            place = dice.choice(elements).start()
            without = xml[: element.start()] + xml[element.end() :]
            place = min(place, len(without))
            xml = without[:place] + element.group() + without[place:] if dice.random() < 0.5 else without
    return xml


def add_terms(dice, xml):
    for _ in range(dice.choice([1, 1, 2, 5])):
        places = [m.start() for m in PLACE.finditer(xml)]
        if places:
            place = dice.choice(places)
            xml = xml[:place] + dice.choice(TERMS) + xml[place:]
    return xml


def cut(dice, data):
    return data[: dice.randrange(len(data))] if data else data


def mutant(name, number, xml, ibd):
    """The pair of that number: (what was done, XML, ibd)."""
    dice = random.Random(f"{name} {number}")
    what = dice.choice(["flip xml", "numbers", "numbers", "elements", "elements", "terms", "terms", "cut xml", "flip ibd", "cut ibd", "both"])
    if what in ("flip xml", "both"):
        xml = flip_bytes(dice, xml)
    if what == "numbers":
        xml = replace_numbers(dice, xml)
    if what == "terms":
        xml = add_terms(dice, xml)
    if what == "elements":
        xml = change_elements(dice, xml)
    if what == "cut xml":
        xml = cut(dice, xml)
    if what in ("flip ibd", "both"):
        ibd = flip_bytes(dice, ibd)
    if what == "cut ibd":
        ibd = cut(dice, ibd)
    return what, xml, ibd
