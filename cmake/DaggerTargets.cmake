# What all our targets have in common: warnings, sanitizers, ccache, tests.
option(DAGGER_WERROR "Treat warnings as errors" OFF)
set(DAGGER_SANITIZE "" CACHE STRING
    "Sanitizers for everything we build: address,undefined or thread")

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(DAGGER_SANITIZE_FLAGS "")
if(DAGGER_SANITIZE)
  set(DAGGER_SANITIZE_FLAGS
      -fsanitize=${DAGGER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${DAGGER_SANITIZE_FLAGS})
  add_link_options(-fsanitize=${DAGGER_SANITIZE})
endif()

set(DAGGER_WARNINGS -Wall -Wextra -Wpedantic -Wshadow)
if(DAGGER_WERROR)
  list(APPEND DAGGER_WARNINGS -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlaps in `"text" + std::string` that are not there (GCC bug 105329).
  list(APPEND DAGGER_WARNINGS -Wno-restrict)
endif()
if(DAGGER_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC's flow warnings misread instrumented code of the standard library.
  list(APPEND DAGGER_WARNINGS -Wno-maybe-uninitialized -Wno-tsan)
endif()

function(dagger_warnings target)
  target_compile_options(${target} PRIVATE ${DAGGER_WARNINGS})
endfunction()

# dagger_test(NAME SOURCES a_test.cpp ... LIBS dagger::core ...)
# One GoogleTest program; every test of it is a test of ctest. Tests whose suite is called
# long_... have the label `long` and run in `./dev check --long` only.
function(dagger_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  dagger_warnings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_FILTER "-long_*"
    PROPERTIES TIMEOUT 300)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_FILTER "long_*"
    TEST_LIST ${name}_LONG_TESTS PROPERTIES TIMEOUT 3000 LABELS long)
endfunction()

# dagger_header_check(NAME ROOTS dir ... LIBS target ...)
# Compiles the headers below the include roots alone: each must include what it uses.
# They are found, not listed, so that none can be forgotten. Left out are those below
# dagger/*/ that their own source includes before anything else: it is the proof.
function(dagger_header_check name)
  cmake_parse_arguments(arg "" "" "ROOTS;LIBS" ${ARGN})
  set(sources "")
  foreach(root IN LISTS arg_ROOTS)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${root} ${root}/dagger/*.hpp)
    foreach(header IN LISTS headers)
      string(REGEX REPLACE "\\.hpp$" ".cpp" own_source ${root}/${header})
      set(first "")
      if(header MATCHES "/.*/" AND EXISTS ${own_source})
        file(STRINGS ${own_source} first REGEX "^#include" LIMIT_COUNT 1)
      endif()
      if(first STREQUAL "#include <${header}>")
        continue()
      endif()
      set(source ${CMAKE_CURRENT_BINARY_DIR}/header_check/${header}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n" @ONLY)
      list(APPEND sources ${source})
    endforeach()
  endforeach()
  add_library(${name} OBJECT ${sources})
  dagger_warnings(${name})
  target_compile_options(${name} PRIVATE -O0)
  target_include_directories(${name} PRIVATE ${arg_ROOTS})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
endfunction()
