"""Prints the spectra of an imzML file, by ctypes, in the format of foreign.c.

    LD_LIBRARY_PATH=where-the-library-is python3 spectra.py tissue.imzML > tissue.txt
"""

import ctypes as c
import sys


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("text", c.c_char * 1020)]


class Facts(c.Structure):
    _fields_ = [("size", c.c_size_t), ("n_pixels", c.c_int64), ("n_spectra", c.c_int64), ("n_points", c.c_int64),
                ("most_points", c.c_int64), ("min", c.c_int32 * 3), ("max", c.c_int32 * 3),
                ("pixel_size", c.c_double * 2), ("type", c.c_int), ("shares_mz", c.c_bool)]


class Spectra(c.Structure):
    _fields_ = [("n", c.c_int64), ("positions", c.POINTER(c.c_int32)), ("begin", c.POINTER(c.c_int64)),
                ("mz", c.POINTER(c.c_double)), ("intensity", c.POINTER(c.c_double)), ("faults", c.POINTER(c.c_char_p))]


lib = c.CDLL("libmzgrid.so.0")
err = Error()


def call(function, *arguments):
    if function(*arguments, c.byref(err)) != 0:
        sys.exit(err.text.decode())


context, reader, facts, spectra = c.c_void_p(), c.c_void_p(), Facts(size=c.sizeof(Facts)), Spectra()
call(lib.mzg_context_new_world, None, c.byref(context))
call(lib.mzg_spectra_open, context, sys.argv[1].encode(), None, c.byref(reader))
call(lib.mzg_spectra_facts, reader, c.byref(facts))
for first in range(0, facts.n_pixels, 256):
    n = min(256, facts.n_pixels - first)
    call(lib.mzg_spectra_read, reader, c.c_int64(first), c.c_int64(n), c.byref(spectra))
    for i in range(spectra.n):
        if spectra.faults[i]:
            continue
        x, y, _ = spectra.positions[3 * i:3 * i + 3]
        points = (f" {spectra.mz[k]!r} {spectra.intensity[k]!r}" for k in range(spectra.begin[i], spectra.begin[i + 1]))
        print(f"{x} {y}" + "".join(points))
lib.mzg_spectra_close(reader)
lib.mzg_context_free(context)
