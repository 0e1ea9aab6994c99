# Installs a build into a fresh prefix, builds the project beside this file against
# it, runs the programs and looks at what they print.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
if(NOT DEFINED BUILD)
  message(FATAL_ERROR "BUILD is missing")
endif()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
# Moved, so that nothing can depend on where it was installed.
file(RENAME ${WORK}/installed ${WORK}/prefix)
build_project(build)
expect_output("object 120000\n" ${WORK}/build/core)
expect_output("hello, world\n" ${WORK}/build/consumer)
run(${WORK}/prefix/bin/dagger version)
foreach(page man/man1/dagger.1 bash-completion/completions/dagger zsh/site-functions/_dagger
        fish/vendor_completions.d/dagger.fish)
  if(NOT EXISTS ${WORK}/prefix/share/${page})
    message(FATAL_ERROR "share/${page} is not installed")
  endif()
endforeach()
