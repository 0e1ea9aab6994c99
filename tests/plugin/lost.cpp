// A plugin that needs the library of `other_dagger.cpp`.
extern "C" int dagger_of_another_version();

extern "C" int dagger_plugin() {
  return dagger_of_another_version();
}
