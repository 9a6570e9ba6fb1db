# One interface target carries every compiler switch, so that no target differs.
add_library(mzgrid_flags INTERFACE)
target_compile_definitions(mzgrid_flags INTERFACE _GNU_SOURCE)
target_compile_options(mzgrid_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  # What a table does not name is 0, as gcc from 11 on takes it.
  $<$<OR:$<C_COMPILER_ID:Clang>,$<VERSION_LESS:$<C_COMPILER_VERSION>,11>>:-Wno-missing-field-initializers>
  # Constants are enumerators here, which are exact as floating point.
  $<$<C_COMPILER_ID:Clang>:-Wno-enum-float-conversion>
  # A fused multiply-add rounds once where two operations round twice: results would depend on the CPU.
  -ffp-contract=off)

set(MZGRID_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, 'address' (with UBSan) or 'thread'")
set_property(CACHE MZGRID_SANITIZE PROPERTY STRINGS "" address thread)
if(MZGRID_SANITIZE STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(MZGRID_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread)
elseif(MZGRID_SANITIZE)
  message(FATAL_ERROR "MZGRID_SANITIZE: expected 'address' or 'thread', got '${MZGRID_SANITIZE}'")
endif()
if(MZGRID_SANITIZE)
  target_compile_options(mzgrid_flags INTERFACE ${sanitizers} -fno-omit-frame-pointer)
  target_link_options(mzgrid_flags INTERFACE ${sanitizers})
endif()

option(MZGRID_FUZZ "Instrument for libFuzzer and build its targets; needs clang" OFF)
if(MZGRID_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "MZGRID_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang, or by the preset fuzz")
  endif()
  target_compile_options(mzgrid_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
