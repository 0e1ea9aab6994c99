// A library that has nothing to do with Dagger.
extern "C" __attribute__((visibility("default"))) int answer() {
  return 42;
}
