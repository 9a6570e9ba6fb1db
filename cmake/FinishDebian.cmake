# Run by cpack on the folder that becomes the package: what Debian wants to have otherwise than `cmake --install` leaves
# it. The manual and the list of changes are compressed; libraries are found by the loader's own paths.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
set(top ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
set(documents ${top}/share/doc/${CPACK_PACKAGE_NAME})

file(RENAME ${documents}/CHANGELOG.md ${documents}/NEWS)
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${documents}/changelog "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * NEWS has the changes.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
file(GLOB_RECURSE manuals ${top}/share/man/*.1)
foreach(file IN LISTS manuals ITEMS ${documents}/changelog ${documents}/NEWS)
  execute_process(COMMAND gzip -9 -n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# A path that is not Debian's own has to stay: what is there, the loader would not find.
file(GLOB_RECURSE programs ${top}/bin/* ${top}/lib/*.so.*)
foreach(program IN LISTS programs)
  if(NOT IS_SYMLINK ${program})
    execute_process(COMMAND objdump -p ${program} OUTPUT_VARIABLE header COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "RUNPATH +([^\n]*)" matched "${header}")
    if(CMAKE_MATCH_1 MATCHES "^(:?/usr/lib/[^:]*)+$")
      file(RPATH_REMOVE FILE ${program})
    endif()
  endif()
endforeach()
