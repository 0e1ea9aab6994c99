// Parsing on demand.
#include <dagger/codec/json.hpp>
#include <dagger/value/payload.hpp>

namespace dagger {

payload payload::from(json x) {
  payload made;
  made.box_ = std::make_shared<box>();
  made.box_->bytes = to_text(x);
  std::call_once(made.box_->once, [&] { made.box_->parsed.emplace(std::move(x)); });
  return made;
}

payload payload::from_bytes(std::string bytes) {
  payload made;
  made.box_ = std::make_shared<box>();
  made.box_->bytes = std::move(bytes);
  return made;
}

const json& payload::value() const {
  static const json null;
  if (!box_)
    return null;
  std::call_once(box_->once, [this] { box_->parsed.emplace(parse_json(box_->bytes)); });
  if (!*box_->parsed)
    throw box_->parsed->error();
  return **box_->parsed;
}

} // namespace dagger
