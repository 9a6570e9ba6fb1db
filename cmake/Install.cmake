# What a static library needs its users link with, too; a shared one brings it.
if(BUILD_SHARED_LIBS)
  set(MZGRID_PC_PRIVATE .private)
endif()
file(RELATIVE_PATH MZGRID_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" MZGRID_PC_TO_PREFIX ${MZGRID_PC_TO_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/mzgrid.pc.in ${PROJECT_BINARY_DIR}/mzgrid.pc @ONLY)

# In a Python package the program lies where that has its scripts (pyproject.toml).
if(DEFINED SKBUILD_SCRIPTS_DIR)
  install(TARGETS mzgrid_program RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT program)
else()
  install(TARGETS mzgrid_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(TARGETS mzgrid
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mzgrid DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/mzgrid.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/mzgrid.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
