# What users get: the program with its manual, the libraries with their headers, and a package for CMake and pkg-config.
include(CMakePackageConfigHelpers)

# A program that uses the library starts MPI itself, so that it needs the very MPI that the library was built with:
# both packages name it by its paths.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mzgrid)
set(MZGRID_MPI_INCLUDE_DIRS ${MPI_C_INCLUDE_DIRS})
set(MZGRID_MPI_LIBRARIES ${MPI_C_LIBRARIES})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mzgridConfig.cmake.in ${PROJECT_BINARY_DIR}/mzgridConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mzgridConfigVersion.cmake COMPATIBILITY SameMinorVersion)

file(RELATIVE_PATH MZGRID_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" MZGRID_PC_TO_PREFIX ${MZGRID_PC_TO_PREFIX})
list(TRANSFORM MPI_C_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE MZGRID_PC_MPI_CFLAGS)
list(JOIN MZGRID_PC_MPI_CFLAGS " " MZGRID_PC_MPI_CFLAGS)
foreach(name IN ITEMS mzgrid_library_needs mzgrid_resample_needs MPI_C_LIBRARIES)
  list(TRANSFORM ${name} REPLACE "^([^-/].*)" "-l\\1" OUTPUT_VARIABLE files)
  list(JOIN files " " ${name}_pc)
endforeach()

set(libraries mzgrid_library mzgrid_resample)
set(public_headers
  axis context convert error export foreign input log mzgrid peaks progress resample sampling spectra validate version)
foreach(name mzgrid mzgrid-resample)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

set_target_properties(mzgrid_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
# In a Python package the program lies where that has its scripts, and the libraries in the package (pyproject.toml).
if(DEFINED SKBUILD_SCRIPTS_DIR)
  if(NOT BUILD_SHARED_LIBS)
    message(FATAL_ERROR "Python loads the libraries, which must be shared ones then: -DBUILD_SHARED_LIBS=ON")
  endif()
  # A wheel has no links: each name of a library would be a copy of it.
  set_target_properties(${libraries} PROPERTIES VERSION ${PROJECT_VERSION_MAJOR})
  install(TARGETS mzgrid_program RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT program)
  install(TARGETS ${libraries} LIBRARY DESTINATION ${SKBUILD_PLATLIB_DIR}/mzgrid COMPONENT program NAMELINK_SKIP)
else()
  install(TARGETS mzgrid_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(TARGETS ${libraries} EXPORT mzgridTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT mzgridTargets NAMESPACE mzgrid:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/mzgridConfig.cmake ${PROJECT_BINARY_DIR}/mzgridConfigVersion.cmake
  DESTINATION ${package_dir})
list(TRANSFORM public_headers REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/include/mzgrid/\\1.h")
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mzgrid)
# Completion of command lines, by the program itself; not if another machine runs it.
if(NOT CMAKE_CROSSCOMPILING AND NOT DEFINED SKBUILD_SCRIPTS_DIR)
  set(completions
    bash=share/bash-completion/completions/mzgrid
    zsh=share/zsh/site-functions/_mzgrid
    fish=share/fish/vendor_completions.d/mzgrid.fish)
  foreach(completion IN LISTS completions)
    string(REGEX MATCH "([a-z]+)=(.*)/([^/]+)" matched ${completion})
    set(script ${PROJECT_BINARY_DIR}/completion/${CMAKE_MATCH_3})
    set(directory ${CMAKE_MATCH_2})
    add_custom_command(OUTPUT ${script}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completion
      COMMAND mzgrid_program completion ${CMAKE_MATCH_1} > ${script}
      DEPENDS mzgrid_program VERBATIM)
    list(APPEND completion_scripts ${script})
    install(FILES ${script} DESTINATION ${directory} OPTIONAL) # who builds the program alone has none
  endforeach()
  add_custom_target(completion ALL DEPENDS ${completion_scripts})
endif()
# The licences of all that the program is made of.
file(READ ${PROJECT_SOURCE_DIR}/LICENSE licence)
file(READ ${MZGRID_DYGRAPHS_LICENCE} dygraphs_licence)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/copyright CONTENT
  "mzgrid\n\n@licence@\n\nThe program holds dygraphs, for the charts of reports:\n\n@dygraphs_licence@" @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/copyright ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mzgrid)
# Templates for batch systems; the common part beside them.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/jobs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/mzgrid/jobs)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/mzgrid.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
