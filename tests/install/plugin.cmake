# Builds a copy of examples/plugin against what check.cmake has installed, and uses it with the
# installed command.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

# A copy, so that nothing can depend on where the example stands.
file(REMOVE_RECURSE ${WORK}/copy)
file(COPY ${SOURCE}/ DESTINATION ${WORK}/copy)
set(SOURCE ${WORK}/copy)
build_project(plugin)
set(dagger ${WORK}/prefix/bin/dagger)
set(plugin --plugin ${WORK}/plugin/libwords.so)

run(${dagger} agents ${plugin})
if(NOT output MATCHES "count_words 1  Counts the words of a text")
  message(FATAL_ERROR "the agent is not among\n${output}")
endif()
expect_output("${WORK}/copy/words.yaml: valid, 1 task\n"
  ${dagger} check ${WORK}/copy/words.yaml ${plugin})
expect_output([[{
  "counts": {
    "and": 1,
    "one": 2
  },
  "words": 3
}
]] ${dagger} run ${WORK}/copy/words.yaml ${plugin} -i "text=one and One")
