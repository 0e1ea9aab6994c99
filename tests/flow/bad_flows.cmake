# Wrong flows do not compile, and the message says what is wrong and names the node's function.
# The same command accepts the right ones, so nothing else is in the way.
separate_arguments(includes UNIX_COMMAND "${INCLUDES}")
set(command ${COMPILER} -std=c++20 -fsyntax-only ${includes} ${SOURCE})
execute_process(COMMAND ${command} RESULT_VARIABLE code ERROR_VARIABLE said)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the right flow does not compile:\n${said}")
endif()
execute_process(COMMAND ${command} -DWRONG RESULT_VARIABLE code ERROR_VARIABLE said)
if(code EQUAL 0)
  message(FATAL_ERROR "wrong flows compile")
endif()
foreach(expected
    # wrong_type, wrong_count: the function's type stands in the message.
    "dagger: the node's function \\(F\\) does not take the values of its arguments \\(Args\\)"
    "F = int \\(\\*\\)\\(const std::[^\n]*string[^\n]*Args = {dagger::node<std::vector<int"
    "F = int \\(\\*\\)\\(const std::[^\n]*Args = {dagger::node<std::[^\n]*string[^\n]*dagger::node<"
    # value_of_nothing
    "F = value_of_nothing"
    # not_const
    "F = changes_itself"
    # wrong_element
    "does not take an element of the list \\(T\\)"
    # wrong_condition
    "the condition of `when` does not take the values of these nodes"
    # wrong_result
    "wrong_result")
  if(NOT said MATCHES "${expected}")
    message(FATAL_ERROR "nothing says '${expected}' in:\n${said}")
  endif()
endforeach()
