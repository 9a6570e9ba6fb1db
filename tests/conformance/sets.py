"""The real sets, and which conversions each of them is tried with.

Every combination of method, layout and law is given to several sets, and every set gets two combinations that differ
in all three.
"""
from dataclasses import dataclass
from itertools import product

from reference import LAWS

SETS = """
cardinal-123-annotation cardinal-2123-combined cardinal-9peaks cardinal-combat-41k cardinal-combat-negative
cardinal-picked combat-40px-corrected dgmm-400px example-continuous example-continuous-v110 example-processed
example-processed-dataplug galaxy-continuous-crop i2nca-combined-pc i2nca-cp i2nca-jpc i2nca-pc i2nca-pc-71k i2nca-pp
imzy-simple maldiquant-2peaks maldiquant-cont-f64 maldiquant-cont-f64-sparse maldiquant-peaks-proc maldiquant-prof-f64
pyimzml-tiny-2px pym2aia-test thyra-gen-continuous thyra-gen-processed thyra-iontof-sparse thyra-two-scansettings
thyra-unit-nanometre tims-tsf-line-proc-f64f32 tims-tsf-line-proc-zlib tims-tsf-profile-cont-zlib-f32
""".split()

METHODS = ["nearest_neighbor", "linear"]
LAYOUTS = ["csc", "csr"]


@dataclass(frozen=True)
class Combination:
    law: str
    method: str
    layout: str

    def __str__(self):
        return f"{self.method}-{self.layout}-{self.law}"


COMBINATIONS = [Combination(*c) for c in product(LAWS, METHODS, LAYOUTS)]


def combinations(name):
    """The two combinations of a set."""
    first = COMBINATIONS[SETS.index(name) % len(COMBINATIONS)]
    second = Combination(
        LAWS[(LAWS.index(first.law) + 2) % len(LAWS)],
        METHODS[1 - METHODS.index(first.method)],
        LAYOUTS[1 - LAYOUTS.index(first.layout)],
    )
    return [first, second]
