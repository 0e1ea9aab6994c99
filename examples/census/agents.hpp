// The agents of the census, each in a file of its own. What they tell each other is JSON; every
// path in it is encoded (files.hpp) unless it is said to be shown.
#pragma once

#include <dagger/dagger.hpp>

namespace census {

/// One folder: lists it, adds a surveyor for each folder in it and a counter for each batch of its
/// files, waits for them, returns the sums.
dagger::agent surveyor();
/// A batch of files: reads them.
dagger::agent counter();
/// Finds files that may be equal in what all counters saw, and has them compared.
dagger::agent matcher();
/// Groups of files that may be equal: compares every byte.
dagger::agent comparer();
/// The report.
dagger::agent writer();

/// `errors` in all outputs.
inline dagger::json unreadable(std::string shown_path, const dagger::error& why) {
  return {{"path", std::move(shown_path)}, {"reason", why.message}};
}

} // namespace census
