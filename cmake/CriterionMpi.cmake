# Faults that Criterion itself passes over: a filter that matches no test, and a leak or a race, which the sanitizers
# report after the end of the test was noted.
set(CRITERION_SILENT_FAULTS "Tested: 0 " "ERROR: LeakSanitizer" "WARNING: ThreadSanitizer")

# More ranks than cores must run too, and unbound, or the ranks of a test share one core. Networks of other machines are
# not looked for, see src/cli/fabric.h. After a rank that failed mpirun would wait for seconds before it ends the others,
# which are done by then.
set(MPI_TEST_ENVIRONMENT
  OMPI_MCA_mtl=^ofi,psm,psm2 OMPI_MCA_odls_base_sigkill_timeout=0
  OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1)

# The runtime of GCC up to 13 takes some addresses of a thread's variables for those of an old libc, and crashes when it
# looks there for leaks: https://github.com/google/sanitizers/issues/1322
set(ASAN_TLS intercept_tls_get_addr=0)
if(MZGRID_SANITIZE STREQUAL "address")
  list(APPEND MPI_TEST_ENVIRONMENT ASAN_OPTIONS=${ASAN_TLS}:handle_abort=1) # else an abort() leaves no stack
endif()

function(add_test_program name source)
  add_executable(${name} ${source} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(${name} PRIVATE mzgrid_cli mzgrid_flags HDF5::HDF5 PkgConfig::CRITERION PkgConfig::JANSSON PkgConfig::CRYPTO PkgConfig::DEFLATE m)
endfunction()

# add_criterion_test(<source.c>)
#
# A program of Criterion's Test() cases without MPI, run as one test named after the file.
function(add_criterion_test source)
  get_filename_component(name ${source} NAME_WE)
  add_test_program(${name} ${source})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS unit
    TIMEOUT 120
    ENVIRONMENT "${MPI_TEST_ENVIRONMENT}"
    FAIL_REGULAR_EXPRESSION "${CRITERION_SILENT_FAULTS}")
endfunction()

# What tests/support/failing_calls.c stands in for.
set(FAILING_CALLS malloc calloc realloc aligned_alloc strdup strndup mmap pthread_create open close read pread preadv write
  pwrite ftruncate fallocate fsync mkdir rename fopen opendir)
list(TRANSFORM FAILING_CALLS PREPEND "LINKER:--wrap=")

# add_criterion_mpi_test(<source.c> RANKS <n>... [MUST_FAIL])
#
# For each MPI_TEST(suite, case) at the start of a line and each number of ranks, the test suite/case@n: one MPI job
# which runs that one case, for an MPI job can be joined only once. With MUST_FAIL, each job has to run and to fail.
function(add_criterion_mpi_test source)
  cmake_parse_arguments(PARSE_ARGV 1 arg "MUST_FAIL" "" "RANKS")
  get_filename_component(name ${source} NAME_WE)
  add_test_program(${name} ${source} ${PROJECT_SOURCE_DIR}/tests/support/mpi_test.c)
  file(STRINGS ${source} failing REGEX "^#include <failing_calls.h>")
  set(timeout 120)
  if(failing)
    set(timeout 400) # one case is many attempts
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/failing_calls.c)
    target_link_options(${name} PRIVATE ${FAILING_CALLS})
  endif()

  # Configure again when the file changes: it may hold new cases.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(STRINGS ${source} lines REGEX "^MPI_TEST\\(")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^MPI_TEST\\(([^,]+), *([^)]+)\\).*" "\\1/\\2" case "${line}")
    foreach(n IN LISTS arg_RANKS)
      math(EXPR processors "(${n} + 1) / 2") # ranks wait for each other as much as they compute
      set(command sh ${PROJECT_SOURCE_DIR}/tests/support/own_jobs.sh ${MPIEXEC_EXECUTABLE} -q ${MPIEXEC_NUMPROC_FLAG} ${n} ${MPIEXEC_PREFLAGS}
        $<TARGET_FILE:${name}> ${MPIEXEC_POSTFLAGS} --filter ${case})
      set(faults ${CRITERION_SILENT_FAULTS})
      if(arg_MUST_FAIL)
        set(command sh ${PROJECT_SOURCE_DIR}/tests/support/expect_failure.sh ${command} --verbose)
        set(faults "")
      endif()
      add_test(NAME ${case}@${n} COMMAND ${command})
      # With sanitizers the many attempts of four ranks take minutes and meet the code that those of one and two meet; the
      # build without them has all.
      set(labels mpi)
      if(failing AND n GREATER 2 AND MZGRID_SANITIZE)
        list(APPEND labels long)
      endif()
      set_tests_properties(${case}@${n} PROPERTIES
        LABELS "${labels}"
        PROCESSORS ${processors}
        TIMEOUT ${timeout}
        ENVIRONMENT "${MPI_TEST_ENVIRONMENT}"
        FAIL_REGULAR_EXPRESSION "${faults}")
    endforeach()
  endforeach()
endfunction()
