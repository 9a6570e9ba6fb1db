"""The spectra of an imzML in continuous mode as one in processed mode, in which each states its m/z by itself. Run by the suite
peers, in the environment of the tests: `write_processed.py CONTINUOUS PROCESSED`.
"""
import os
import sys

import numpy as np
from pyimzml.ImzMLParser import ImzMLParser
from pyimzml.ImzMLWriter import ImzMLWriter


def main(continuous, processed):
    source = ImzMLParser(continuous)
    unfinished = processed.removesuffix(".imzML") + "-part"
    with ImzMLWriter(unfinished, mode="processed", spec_type="profile", mz_dtype=np.float64, intensity_dtype=np.float32) as writer:
        for i, position in enumerate(source.coordinates):
            writer.hashes.clear()  # in which pyimzML looks whether the same m/z lie in the file already
            writer.lru_cache.clear()
            writer.addSpectrum(*source.getspectrum(i), position)
    os.replace(unfinished + ".ibd", processed.removesuffix(".imzML") + ".ibd")
    os.replace(unfinished + ".imzML", processed)


main(*sys.argv[1:])
