# The libraries that are installed. Of shared ones only what the public headers declare can be seen
# (include/mzgrid/export.h). Who links with static ones links with what these need, too, which both packages then name by
# its paths, as they name MPI (cmake/Install.cmake).

# link_files(<variable> <library>...): the files and options behind targets.
function(link_files variable)
  set(files)
  foreach(item IN LISTS ARGN)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" item "${item}")
    if(TARGET ${item})
      get_target_property(type ${item} TYPE)
      get_target_property(needed ${item} INTERFACE_LINK_LIBRARIES)
      if(NOT type STREQUAL "INTERFACE_LIBRARY")
        get_target_property(configurations ${item} IMPORTED_CONFIGURATIONS)
        list(GET configurations 0 configuration)
        get_target_property(file ${item} IMPORTED_LOCATION_${configuration})
        if(NOT file)
          get_target_property(file ${item} IMPORTED_LOCATION)
        endif()
        list(APPEND files ${file})
      endif()
      if(needed)
        link_files(needed ${needed})
        list(APPEND files ${needed})
      endif()
    else()
      list(APPEND files ${item})
    endif()
  endforeach()
  list(REVERSE files) # what is needed most often comes last
  list(REMOVE_DUPLICATES files)
  list(REVERSE files)
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

# add_mzgrid_library(<target> <name> SOURCES <source>... NEEDS <library>...)
function(add_mzgrid_library target name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;NEEDS")
  add_library(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name}
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/installed # beside it is the library of the program
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    C_VISIBILITY_PRESET hidden
    LINKER_LANGUAGE C
    INSTALL_RPATH_USE_LINK_PATH ON)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(library IN LISTS arg_NEEDS ITEMS mzgrid_flags)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:${library}>)
  endforeach()
  set(${target}_needs "" PARENT_SCOPE)
  if(NOT BUILD_SHARED_LIBS)
    separate_arguments(more UNIX_COMMAND "${CMAKE_C_STANDARD_LIBRARIES}")
    link_files(files ${arg_NEEDS} ${more})
    target_link_libraries(${target} INTERFACE "$<INSTALL_INTERFACE:${files}>")
    set(${target}_needs ${files} PARENT_SCOPE)
  elseif(NOT MZGRID_SANITIZE AND NOT MZGRID_FUZZ)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# The very objects that the program and the tests link with.
add_mzgrid_library(mzgrid_library mzgrid SOURCES $<TARGET_OBJECTS:mzgrid>
  NEEDS HDF5::HDF5 PkgConfig::HWLOC PkgConfig::LIBXML2 PkgConfig::DEFLATE PkgConfig::BLOSC PkgConfig::ZSTD
        PkgConfig::JANSSON PkgConfig::CRYPTO ${SYSTEM_LIBRARIES})
target_link_libraries(mzgrid_library
  PUBLIC $<BUILD_INTERFACE:MPI::MPI_C>
  INTERFACE $<INSTALL_INTERFACE:mzgrid::mpi>)
set_target_properties(mzgrid_library PROPERTIES EXPORT_NAME mzgrid)

# Axes and resampling alone, for those who want neither MPI nor HDF5. What it has, libmzgrid has, too.
get_target_property(sources mzgrid SOURCES)
list(FILTER sources INCLUDE REGEX
  "/src/(axis/|resample/|core/(array|cgroup|error|escape|file|memory|own_aside|own_file|own_name|own_owner|parameters|remove_tree|version)[.])[^/]*$")
add_mzgrid_library(mzgrid_resample mzgrid-resample SOURCES ${sources} NEEDS PkgConfig::JANSSON PkgConfig::CRYPTO m)
target_compile_options(mzgrid_resample PRIVATE -Wconversion)
target_include_directories(mzgrid_resample PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
set_target_properties(mzgrid_resample PROPERTIES EXPORT_NAME resample EXPORT_COMPILE_COMMANDS OFF) # see numerics_plain
