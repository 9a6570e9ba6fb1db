"""The spectrum of resample.c, by ctypes: what is resampled and the result are not copied.

    LD_LIBRARY_PATH=where-the-library-is python3 resample.py
"""

import array
import ctypes as c


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("text", c.c_char * 1020)]


class AxisSpec(c.Structure):
    _fields_ = [("type", c.c_int), ("min_mz", c.c_double), ("max_mz", c.c_double), ("bin_width", c.c_double),
                ("reference_mz", c.c_double), ("bins", c.c_int64), ("tof_a", c.c_double), ("tof_b", c.c_double)]


class Axis(c.Structure):
    _fields_ = [("spec", AxisSpec), ("first_edge", c.c_double), ("t_min", c.c_double), ("step", c.c_double),
                ("n_bins", c.c_int64), ("edges", c.POINTER(c.c_double)), ("centers", c.POINTER(c.c_double))]


class Spectrum(c.Structure):
    _fields_ = [("mz", c.c_void_p), ("intensity", c.c_void_p), ("n", c.c_int64)]


class Row(c.Structure):
    _fields_ = [("bins", c.POINTER(c.c_int32)), ("values", c.POINTER(c.c_double)), ("n", c.c_int64)]


class ResamplerOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("method", c.c_int), ("max_gap", c.c_double), ("scale", c.c_double),
                ("exponent", c.c_double), ("shared_mz", c.c_void_p), ("n_shared", c.c_int64)]


REFLECTOR_TOF, NEAREST_NEIGHBOR = 2, 0
lib = c.CDLL("libmzgrid-resample.so.0")
err = Error()


def call(function, *arguments):
    if function(*arguments, c.byref(err)) != 0:
        raise RuntimeError(err.text.decode())


mz = array.array("d", [150.02, 150.04, 299.99, 300.01])  # a NumPy array has .ctypes.data in place of buffer_info()
intensity = array.array("d", [10, 5, 40, 2])
axis, resampler, workspace = Axis(), c.c_void_p(), c.c_void_p()
call(lib.mzg_axis_build, c.byref(AxisSpec(type=REFLECTOR_TOF, min_mz=100, max_mz=400, bins=1000)), c.byref(axis))
options = ResamplerOptions(size=c.sizeof(ResamplerOptions), method=NEAREST_NEIGHBOR)
call(lib.mzg_resampler_new, c.byref(options), c.byref(axis), c.byref(resampler))
call(lib.mzg_workspace_new, c.byref(workspace))

row, summary = Row(), c.create_string_buffer(256)
spectrum = Spectrum(mz.buffer_info()[0], intensity.buffer_info()[0], len(mz))
call(lib.mzg_resample, resampler, workspace, c.byref(spectrum), summary, c.byref(row))
for i in range(row.n):  # valid until the workspace is used again
    print(f"bin {row.bins[i]}, m/z {axis.centers[row.bins[i]]:.4f}: {row.values[i]:g}")

lib.mzg_workspace_free(workspace)
lib.mzg_resampler_free(resampler)
lib.mzg_axis_destroy(c.byref(axis))
