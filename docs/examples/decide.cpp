// What a conversion would decide for an input, and why, as JSON, in C++:
//     c++ decide.cpp $(pkg-config --cflags --libs mzgrid) -o decide
//     ./decide tissue.imzML
#include <iostream>
#include <mzgrid/mzgrid.h>

int main(int argc, char **argv)
{
    int level = 0;
    if (argc != 2)
        return 2;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    mzg_error err;
    mzg_context *context = nullptr;
    mzg_context_options settings{};
    settings.size = sizeof settings;
    settings.log_level = MZG_LOG_WARNING;
    settings.log = [](void *, mzg_log_level, const char *text) { std::cerr << text << '\n'; };

    mzg_convert_options options;
    mzg_convert_defaults(&options);
    options.input = argv[1];
    char *decisions = nullptr;
    if (mzg_context_new(MPI_COMM_WORLD, &settings, &context, &err) == MZG_OK &&
        mzg_convert_preview(context, &options, &decisions, &err) == MZG_OK && decisions)
        std::cout << decisions << '\n'; // rank 0 has them
    else if (err.status != MZG_OK)
        std::cerr << "error: " << err.text << '\n';
    mzg_free(decisions);
    mzg_context_free(context);
    MPI_Finalize();
    return err.status != MZG_OK;
}
