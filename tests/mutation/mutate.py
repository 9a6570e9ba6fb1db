"""Damages pairs of files, each in a way that its number alone decides, so that any mutant can be made again."""
import random
import re

EXTREMES = [b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"-1", b"0", b"1", b"2147483647",
            b"4294967296", b"-9223372036854775808", b"1e300", b"1.5", b"nan", b"", b"99999999999", b"1e9", b"007"]
ELEMENT = re.compile(rb"<(cvParam|userParam|referenceableParamGroupRef|binary|scan)\b[^>]*/>|"
                     rb"<(binaryDataArray|spectrum|scan|scanList|referenceableParamGroup)\b[^>]*>.*?</\2>", re.DOTALL)
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


def cut(dice, data):
    return data[: dice.randrange(len(data))] if data else data


def mutant(name, number, xml, ibd):
    """The pair of that number: (what was done, XML, ibd)."""
    dice = random.Random(f"{name} {number}")
    what = dice.choice(["flip xml", "numbers", "numbers", "elements", "elements", "cut xml", "flip ibd", "cut ibd", "both"])
    if what in ("flip xml", "both"):
        xml = flip_bytes(dice, xml)
    if what == "numbers":
        xml = replace_numbers(dice, xml)
    if what == "elements":
        xml = change_elements(dice, xml)
    if what == "cut xml":
        xml = cut(dice, xml)
    if what in ("flip ibd", "both"):
        ibd = flip_bytes(dice, ibd)
    if what == "cut ibd":
        ibd = cut(dice, ibd)
    return what, xml, ibd
