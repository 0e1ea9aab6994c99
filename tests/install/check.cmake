# Installs a build into a fresh prefix, builds the project beside this file against
# it, runs the programs and looks at what they print.
foreach(name BUILD SOURCE WORK LIBDIR COMPILER FLAGS)
  if(NOT DEFINED ${name})
    message(FATAL_ERROR "${name} is missing")
  endif()
endforeach()

function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${code}\n${out}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

function(expect_output expected)
  run(${ARGN})
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "${ARGN} printed\n${output}\ninstead of\n${expected}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
# Moved, so that nothing can depend on where it was installed.
file(RENAME ${WORK}/installed ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G Ninja
    -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
file(STRINGS ${WORK}/build/CMakeCache.txt found REGEX "^dagger_DIR")
if(NOT found MATCHES "${WORK}/prefix/${LIBDIR}/cmake/dagger")
  message(FATAL_ERROR "found another Dagger: ${found}")
endif()

run(${CMAKE_COMMAND} --build ${WORK}/build)
expect_output("object 120000\n" ${WORK}/build/core)
expect_output("hello, world\n" ${WORK}/build/consumer)
run(${WORK}/prefix/bin/dagger version)
