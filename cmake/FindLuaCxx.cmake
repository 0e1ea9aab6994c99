# Finds the build of Lua 5.4 whose errors are C++ exceptions, and defines LuaCxx::lua. With the
# other one, an error jumps over destructors.
find_path(LUACXX_INCLUDE_DIR lua.hpp PATH_SUFFIXES lua5.4 lua54 lua-5.4)
find_library(LUACXX_LIBRARY NAMES lua5.4-c++ lua++5.4 lua54-c++)
mark_as_advanced(LUACXX_INCLUDE_DIR LUACXX_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LuaCxx REQUIRED_VARS LUACXX_LIBRARY LUACXX_INCLUDE_DIR)

if(LuaCxx_FOUND AND NOT TARGET LuaCxx::lua)
  add_library(LuaCxx::lua UNKNOWN IMPORTED)
  set_target_properties(LuaCxx::lua PROPERTIES
    IMPORTED_LOCATION "${LUACXX_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LUACXX_INCLUDE_DIR}")
endif()
