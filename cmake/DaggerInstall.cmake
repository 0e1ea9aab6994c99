# What `cmake --install` leaves behind: libraries, headers in the layout of the
# source tree, the `dagger` command, and the package that find_package reads.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dagger)

install(TARGETS dagger_core dagger_dagger dagger_cli EXPORT daggerTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS dagger_binary RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

install(DIRECTORY libdagger/dagger actors/dagger
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")

install(EXPORT daggerTargets NAMESPACE dagger:: DESTINATION ${package_dir})
configure_package_config_file(
  cmake/daggerConfig.cmake.in ${PROJECT_BINARY_DIR}/daggerConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Until 1.0 every minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/daggerConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/daggerConfig.cmake
  ${PROJECT_BINARY_DIR}/daggerConfigVersion.cmake
  cmake/FindCAF.cmake
  cmake/FindLMDB.cmake
  DESTINATION ${package_dir})
