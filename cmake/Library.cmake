# The libraries that are installed. Only what the public headers declare can be seen in them (include/mzgrid/export.h).
function(add_mzgrid_library target name)
  add_library(${target} SHARED ${ARGN})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    C_VISIBILITY_PRESET hidden
    LINKER_LANGUAGE C
    INSTALL_RPATH_USE_LINK_PATH ON)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE PkgConfig::JANSSON PkgConfig::CRYPTO m $<BUILD_INTERFACE:mzgrid_flags>)
  if(NOT MZGRID_SANITIZE AND NOT MZGRID_FUZZ)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# The very objects that the program and the tests link with.
add_mzgrid_library(mzgrid_library mzgrid $<TARGET_OBJECTS:mzgrid>)
target_link_libraries(mzgrid_library
  PUBLIC $<BUILD_INTERFACE:MPI::MPI_C>
  INTERFACE $<INSTALL_INTERFACE:mzgrid::mpi>
  PRIVATE HDF5::HDF5 PkgConfig::HWLOC PkgConfig::LIBXML2 PkgConfig::DEFLATE PkgConfig::BLOSC PkgConfig::ZSTD
          Threads::Threads)
set_target_properties(mzgrid_library PROPERTIES EXPORT_NAME mzgrid)

# Axes and resampling alone, for those who want neither MPI nor HDF5. What it has, libmzgrid has, too.
get_target_property(sources mzgrid SOURCES)
list(FILTER sources INCLUDE REGEX
  "/src/(axis/|resample/|core/(array|cgroup|error|escape|file|memory|own_aside|own_file|own_name|own_owner|parameters|remove_tree|version)[.])[^/]*$")
add_mzgrid_library(mzgrid_resample mzgrid-resample ${sources})
target_compile_options(mzgrid_resample PRIVATE -Wconversion)
target_include_directories(mzgrid_resample PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
set_target_properties(mzgrid_resample PROPERTIES EXPORT_NAME resample EXPORT_COMPILE_COMMANDS OFF) # see numerics_plain
