#!/usr/bin/env python3
"""Writes src/picture/colours.c: the colour maps of matplotlib (CC0), 256 colours each."""

import pathlib

import matplotlib

MAPS = ["viridis", "magma", "inferno", "cividis", "gray"]
NONE = {"gray": 0xDCE8F5}  # white would look like the brightest

HEAD = '''/* Maps of colours, by 256 colours each, as matplotlib has them (CC0). Written by scripts/colour_table.py. */
#include <picture/colours.h>
#include <picture/picture.h>

#include <math.h>
#include <stddef.h>

/* clang-format off */
static const struct {
    const char *name;
    uint32_t none; /* of a cell without a pixel */
    uint32_t colours[256];
} maps[] = {
'''
TAIL = '''};
/* clang-format on */

enum { MAPS = sizeof maps / sizeof *maps };

const char *mzg_colours_name(int number)
{
    return number < MAPS ? maps[number].name : NULL;
}

uint32_t mzg_colour(int map, double share)
{
    return maps[map].colours[(int)fmin(255, floor(share * 256))];
}

uint32_t mzg_colour_of_none(int map)
{
    return maps[map].none;
}
'''


def rows(name):
    colours = [tuple(round(255 * part) for part in matplotlib.colormaps[name](i)[:3]) for i in range(256)]
    words = [f"0x{r:02x}{g:02x}{b:02x}" for r, g, b in colours]
    return "\n".join("      " + ", ".join(words[i : i + 10]) + "," for i in range(0, 256, 10))


def main():
    path = pathlib.Path(__file__).resolve().parent.parent / "src/picture/colours.c"
    tables = [f'    {{"{name}", 0x{NONE.get(name, 0xFFFFFF):06x}, {{\n{rows(name)}\n    }}}},\n' for name in MAPS]
    path.write_text(HEAD + "".join(tables) + TAIL)


main()
