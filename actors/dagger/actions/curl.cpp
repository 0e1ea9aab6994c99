// A transfer is a multi handle with one easy handle in it: only that can be woken from another
// thread.
#include <dagger/actions/curl.hpp>

#include <dagger/check.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <memory>
#include <string_view>

#include <curl/curl.h>

namespace dagger::actions {

namespace {

constexpr auto connect_seconds = 30L;
constexpr auto redirections = 10L;

struct deleter {
  void operator()(CURL* x) const {
    ::curl_easy_cleanup(x);
  }
  void operator()(curl_slist* x) const {
    ::curl_slist_free_all(x);
  }
};

struct multi_deleter {
  void operator()(CURLM* x) const {
    ::curl_multi_cleanup(x);
  }
};

void initialise() {
  static const auto done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  check(done == CURLE_OK, "libcurl does not start");
}

std::string_view trimmed(std::string_view x) {
  while (!x.empty() && std::string_view{" \t\r\n"}.find(x.back()) != std::string_view::npos)
    x.remove_suffix(1);
  while (!x.empty() && (x.front() == ' ' || x.front() == '\t'))
    x.remove_prefix(1);
  return x;
}

class transfer {
public:
  explicit transfer(const http_request& x)
    : request_(x),
      easy_(::curl_easy_init()),
      multi_(::curl_multi_init()) {
    check(easy_ && multi_, "libcurl has no memory");
  }

  result<http_answer> run(const std::stop_token& stop) {
    prepare();
    ::curl_multi_add_handle(multi_.get(), easy_.get());
    auto end = wait(stop);
    ::curl_multi_remove_handle(multi_.get(), easy_.get());
    if (!end)
      return fail(code::cancelled, "the request was stopped");
    if (is_too_large_)
      return fail(code::too_large, "the answer is larger than "
                                     + std::to_string(limits::http_body_bytes >> 20) + " MiB");
    if (*end != CURLE_OK)
      return fail(code_of(*end),
                  request_.url + ": " + (*message_ ? message_ : ::curl_easy_strerror(*end)));
    auto status = 0L;
    auto seconds = curl_off_t{0};
    ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    ::curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
    answer_.status = static_cast<int>(status);
    if (seconds > 0)
      answer_.retry_after = std::chrono::seconds{std::min(seconds, curl_off_t{1} << 31)};
    return std::move(answer_);
  }

private:
  template <class T>
  void set(CURLoption option, T value) {
    ::curl_easy_setopt(easy_.get(), option, value);
  }

  void prepare() {
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, redirections);
    set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
    set(CURLOPT_ACCEPT_ENCODING, "");
    set(CURLOPT_ERRORBUFFER, &message_[0]);
    set(CURLOPT_WRITEFUNCTION, &transfer::take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &transfer::take_header);
    set(CURLOPT_HEADERDATA, this);
    if (request_.body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
      set(CURLOPT_POSTFIELDS, request_.body->data());
    } else if (request_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    }
    if (request_.method != "HEAD")
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    // Nobody waits for "100 Continue".
    add_header("Expect:");
    for (const auto& [name, value] : request_.headers)
      add_header(name + (value.empty() ? ";" : ": " + value));
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void add_header(const std::string& line) {
    auto* longer = ::curl_slist_append(headers_.get(), line.c_str());
    check(longer != nullptr, "libcurl has no memory");
    [[maybe_unused]] auto* same = headers_.release();
    headers_.reset(longer);
  }

  /// The result; nothing if it was stopped.
  std::optional<CURLcode> wait(const std::stop_token& stop) {
    auto wake = std::stop_callback{stop, [this] { ::curl_multi_wakeup(multi_.get()); }};
    auto running = 1;
    while (true) {
      if (stop.stop_requested())
        return {};
      ::curl_multi_perform(multi_.get(), &running);
      if (running == 0)
        break;
      ::curl_multi_poll(multi_.get(), nullptr, 0, 60'000, nullptr);
    }
    auto left = 0;
    const auto* said = ::curl_multi_info_read(multi_.get(), &left);
    return said ? said->data.result : CURLE_RECV_ERROR;
  }

  static std::string_view code_of(CURLcode x) {
    switch (x) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return code::invalid_input;
    default:
      return code::unavailable;
    }
  }

  static std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& x = *static_cast<transfer*>(self);
    x.is_too_large_ = x.answer_.body.size() + count > limits::http_body_bytes;
    if (x.is_too_large_)
      return 0;
    x.answer_.body.append(bytes, count);
    return count;
  }

  static std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& x = *static_cast<transfer*>(self);
    auto line = trimmed({bytes, count});
    if (line.starts_with("HTTP/")) { // of the next answer, after a redirection
      x.answer_.headers.clear();
    } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
      auto name = std::string{line.substr(0, colon)};
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
      auto& value = x.answer_.headers[name];
      value += (value.empty() ? "" : ", ") + std::string{trimmed(line.substr(colon + 1))};
    }
    return count;
  }

  const http_request& request_;
  http_answer answer_;
  bool is_too_large_ = false;
  char message_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, deleter> headers_;
  std::unique_ptr<CURL, deleter> easy_;
  std::unique_ptr<CURLM, multi_deleter> multi_;
};

} // namespace

result<http_answer> send(const http_request& x, const std::stop_token& stop) {
  initialise();
  return transfer{x}.run(stop);
}

} // namespace dagger::actions
