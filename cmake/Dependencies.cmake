# Everything mzgrid links with. All are Debian packages (scripts/setup); the reason for each stands in docs/decisions/.
set(HDF5_PREFER_PARALLEL ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
# Before glibc 2.34 shared memory was in a library of its own.
include(CheckFunctionExists)
check_function_exists(shm_open SHM_OPEN_FOUND)
set(SYSTEM_LIBRARIES Threads::Threads m)
if(NOT SHM_OPEN_FOUND)
  list(APPEND SYSTEM_LIBRARIES rt)
endif()
find_package(MPI REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "mzgrid needs parallel HDF5 (Debian: libhdf5-openmpi-dev); found a serial one: ${HDF5_C_LIBRARIES}")
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.4)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
# Debian 11 has these two without a .pc file.
function(find_module prefix module header)
  pkg_check_modules(${prefix} IMPORTED_TARGET ${module})
  if(NOT TARGET PkgConfig::${prefix})
    string(REGEX REPLACE "^lib" "" name ${module})
    find_path(${prefix}_INCLUDE ${header} REQUIRED)
    find_library(${prefix}_FILE ${name} REQUIRED)
    add_library(PkgConfig::${prefix} INTERFACE IMPORTED GLOBAL)
    target_include_directories(PkgConfig::${prefix} INTERFACE ${${prefix}_INCLUDE})
    target_link_libraries(PkgConfig::${prefix} INTERFACE ${${prefix}_FILE})
  endif()
endfunction()
find_module(DEFLATE libdeflate libdeflate.h)
find_module(BLOSC blosc blosc.h)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)

# For pictures (src/picture), which the program draws and libmzgrid does not.
foreach(module "CAIRO cairo libcairo2-dev" "PNG libpng libpng-dev" "TIFF libtiff-4 libtiff-dev")
  separate_arguments(module)
  list(GET module 0 prefix)
  list(GET module 1 name)
  list(GET module 2 package)
  pkg_check_modules(${prefix} IMPORTED_TARGET ${name})
  if(NOT ${prefix}_FOUND)
    message(FATAL_ERROR "mzgrid draws its pictures with ${name}, which was not found (Debian: ${package}); scripts/setup installs all that is needed")
  endif()
endforeach()

# For the charts of reports (src/report): dygraphs, as a file of JavaScript that becomes part of each report.
find_file(MZGRID_DYGRAPHS_JS dygraph.min.js PATHS /usr/share/javascript/dygraphs
  DOC "dygraph.min.js of dygraphs 2, whose charts are in reports")
find_file(MZGRID_DYGRAPHS_CSS dygraph.css HINTS ${MZGRID_DYGRAPHS_JS}/.. PATHS /usr/share/javascript/dygraphs
  DOC "dygraph.css of dygraphs 2")
find_file(MZGRID_DYGRAPHS_LICENCE NAMES copyright LICENSE.txt PATHS /usr/share/doc/libjs-dygraphs NO_DEFAULT_PATH
  DOC "The licence of dygraphs")
foreach(file JS CSS LICENCE)
  if(NOT MZGRID_DYGRAPHS_${file})
    message(FATAL_ERROR "mzgrid's reports have charts by dygraphs 2, which was not found (Debian: libjs-dygraphs; scripts/setup "
      "installs all that is needed). If it lies elsewhere: -DMZGRID_DYGRAPHS_JS=.../dygraph.min.js "
      "-DMZGRID_DYGRAPHS_CSS=.../dygraph.css -DMZGRID_DYGRAPHS_LICENCE=.../LICENSE.txt")
  endif()
endforeach()
