# `cpack -G DEB` in a build folder: a package of what `cmake --install` installs. Configured with
# -DCMAKE_INSTALL_PREFIX=/usr, the libraries lie where Debian has them.
set(CPACK_PACKAGE_NAME mzgrid)
set(CPACK_PACKAGE_VENDOR "The mzgrid authors")
set(CPACK_PACKAGE_CONTACT "The mzgrid authors <mzgrid@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "mass spectrometry imaging data, resampled in parallel onto one mass axis")
set(CPACK_PACKAGE_DESCRIPTION "mzgrid reads imzML on any number of MPI ranks, brings every spectrum
onto one mass axis, and writes a SpatialData Zarr store, in which an ion
image is one column. The package has the program, its libraries with their
headers, and job templates for SLURM, PBS and LSF.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/FinishDebian.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # the libraries, by what the program links with
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
if(MPI_C_LIBRARIES MATCHES mpich)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS mpich)
else()
  set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "fonts-dejavu-core")
file(WRITE ${PROJECT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/triggers)
include(CPack)
