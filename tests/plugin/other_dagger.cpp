// The libdagger of a version that nobody has installed.
extern "C" int dagger_of_another_version() {
  return 9;
}
