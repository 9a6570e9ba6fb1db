// The number of bins of an axis of 5 ppm, and the bin that holds an m/z, in C++:
//     c++ resample.cpp $(pkg-config --cflags --libs mzgrid-resample)
#include <iostream>
#include <mzgrid/axis.h>
#include <mzgrid/version.h>

int main()
{
    mzg_axis_spec spec{};
    spec.type = MZG_AXIS_REFLECTOR_TOF;
    spec.min_mz = 100;
    spec.max_mz = 400;
    spec.bin_width = 0.002; // at m/z 400
    spec.reference_mz = 400;

    mzg_axis axis{};
    mzg_error err{};
    if (mzg_axis_build(&spec, &axis, &err) != MZG_OK) {
        std::cerr << err.text << '\n';
        return 1;
    }
    const int64_t bin = mzg_axis_locate(&axis, 150.02);
    std::cout << axis.n_bins << " bins; m/z 150.02 is in bin " << bin << ", of width "
              << 1e6 * (axis.edges[bin + 1] - axis.edges[bin]) / axis.centers[bin] << " ppm\n";
    mzg_axis_destroy(&axis);
    return 0;
}
