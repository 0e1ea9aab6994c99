# What the checks of an installed Dagger do: run, compare, build a project of a user.
foreach(name SOURCE WORK LIBDIR COMPILER FLAGS)
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

# Builds the project in SOURCE below WORK/name against what is installed in WORK/prefix.
function(build_project name)
  file(REMOVE_RECURSE ${WORK}/${name})
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/${name} -G Ninja
      -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
      "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
  file(STRINGS ${WORK}/${name}/CMakeCache.txt found REGEX "^dagger_DIR")
  if(NOT found MATCHES "${WORK}/prefix/${LIBDIR}/cmake/dagger")
    message(FATAL_ERROR "found another Dagger: ${found}")
  endif()
  run(${CMAKE_COMMAND} --build ${WORK}/${name})
endfunction()
