"""A foreign reader in Python: an image that is made up as it is asked for, converted on all ranks.

    LD_LIBRARY_PATH=where-the-library-is mpirun -n 2 python3 foreign.py image.zarr
"""

import array
import ctypes as c
import sys


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("text", c.c_char * 1020)]


class Spectra(c.Structure):
    _fields_ = [("n", c.c_int64), ("positions", c.c_void_p), ("begin", c.c_void_p), ("mz", c.c_void_p),
                ("intensity", c.c_void_p), ("faults", c.c_void_p)]


class Input(c.Structure):
    pass


READ = c.CFUNCTYPE(c.c_int, c.POINTER(Input), c.c_int64, c.c_int64, c.POINTER(Spectra))
LAST_ERROR = c.CFUNCTYPE(c.c_void_p, c.POINTER(Input))
RELEASE = c.CFUNCTYPE(None, c.POINTER(Input))
OPEN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.POINTER(Input))
Input._fields_ = [("size", c.c_size_t), ("n_spectra", c.c_int64), ("type", c.c_int), ("polarity", c.c_int),
                  ("pixel_size", c.c_double * 2), ("metadata", c.c_char_p), ("read", READ),
                  ("last_error", LAST_ERROR), ("release", RELEASE), ("data", c.c_void_p)]


class Reader(c.Structure):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p), ("open", OPEN), ("data", c.c_void_p)]


WIDTH, HEIGHT, CENTROID = 40, 25, 1
kept = []  # what `spectra` points to, until the next call


def read(_input, first, n, spectra):
    """Each pixel has two peaks; the second grows from left to right."""
    x = [i % WIDTH for i in range(first, first + n)]
    y = [i // WIDTH for i in range(first, first + n)]
    kept[:] = [array.array("i", [v for a, b in zip(x, y) for v in (a + 1, b + 1, 1)]),
               array.array("q", range(0, 2 * n + 1, 2)),
               array.array("d", [300.1, 500.2] * n),
               array.array("d", [v for a in x for v in (10.0, 1.0 + a)])]
    where = [a.buffer_info()[0] for a in kept]
    spectra[0] = Spectra(n, *where, None)
    return 0


def open_image(_data, _path, image):
    """Fills what the library asks of an input."""
    image[0].n_spectra = WIDTH * HEIGHT
    image[0].type = CENTROID
    image[0].pixel_size[:] = [25.0, 25.0]
    image[0].read = callbacks[1]
    return 0


callbacks = OPEN(open_image), READ(read)  # must live as long as the context
lib = c.CDLL("libmzgrid.so.0")
err = Error()


def call(function, *arguments):
    if function(*arguments, c.byref(err)) != 0:
        sys.exit(err.text.decode())


context = c.c_void_p()
call(lib.mzg_context_new_world, None, c.byref(context))
call(lib.mzg_foreign_register, context, c.byref(Reader(c.sizeof(Reader), b"image", callbacks[0], None)))

# Of the options, a program may know the first members only: it tells so by their size.


class Options(c.Structure):
    _fields_ = [("size", c.c_size_t), ("input", c.c_char_p), ("output", c.c_char_p)]


class Outcome(c.Structure):
    _fields_ = [("size", c.c_size_t), ("pixels", c.c_int64)]


options, outcome = Options(), Outcome(size=c.sizeof(Outcome))
call(lib.mzg_convert_options_init, c.byref(options), c.c_size_t(c.sizeof(Options)))
options.input, options.output = b"image:", sys.argv[1].encode()
call(lib.mzg_convert, context, c.byref(options), None, c.byref(outcome))
if lib.mzg_context_rank(context) == 0:
    print(outcome.pixels, "pixels")
lib.mzg_context_free(context)
