#include "net/http_parser.hpp"

#include "base/text.hpp"
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/detail/sha1.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <fmt/core.h>

namespace openclaw::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct MessageParser::Core {
  virtual ~Core() = default;
  virtual std::size_t put(std::string_view bytes, beast::error_code& code) = 0;
  virtual void put_end(beast::error_code& code) = 0;
  virtual void eager() = 0;
  virtual bool head_done() const = 0;
  virtual bool done() const = 0;
  virtual bool keep_alive() const = 0;

  Request request;
  Response response;
  std::string body;
  int version = 11;
};

namespace {

std::string text(beast::string_view view) {
  return {view.data(), view.size()};
}

template <bool is_request>
class BeastParser final : public MessageParser::Core, http::basic_parser<is_request> {
  using Base = http::basic_parser<is_request>;

public:
  BeastParser(std::size_t header_bytes, std::uint64_t body_bytes, bool without_body) {
    Base::header_limit(static_cast<std::uint32_t>(header_bytes));
    Base::body_limit(body_bytes);
    if (without_body) Base::skip(true);
  }
  std::size_t put(std::string_view bytes, beast::error_code& code) override {
    return Base::put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
  }
  void put_end(beast::error_code& code) override { Base::put_eof(code); }
  void eager() override { Base::eager(true); }
  bool head_done() const override { return Base::is_header_done(); }
  bool done() const override { return Base::is_done(); }
  bool keep_alive() const override { return Base::keep_alive(); }

private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int parsed_version,
                       beast::error_code&) override {
    request.method = text(method);
    request.target = text(target);
    version = parsed_version;
  }
  void on_response_impl(int status, beast::string_view, int parsed_version, beast::error_code&) override {
    response.status = status;
    version = parsed_version;
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value, beast::error_code&) override {
    (is_request ? request.headers : response.headers).add(text(name), text(value));
  }
  void on_header_impl(beast::error_code& code) override {
    const auto& headers = is_request ? request.headers : response.headers;
    // A transfer coding that we do not undo would leave the end of the message to guesswork.
    if (const auto coding = headers.find("Transfer-Encoding"); coding && lowercase_ascii(trim(*coding)) != "chunked")
      code = http::error::bad_transfer_encoding;
    if (headers.count("Transfer-Encoding") > 1) code = http::error::bad_transfer_encoding;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view piece, beast::error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, beast::error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(beast::error_code&) override {}
};

std::unexpected<Error> refuse(const beast::error_code& code) {
  if (code == http::error::header_limit)
    return fail(Kind::invalid, "The head of the message is too long.", "Send fewer or shorter header fields.", "431");
  if (code == http::error::body_limit)
    return fail(Kind::invalid, "The body of the message is too long.", "Send it in smaller parts.", "413");
  if (code == http::error::bad_version)
    return fail(Kind::invalid, "Only HTTP/1.0 and HTTP/1.1 are spoken here.", "Use HTTP/1.1.", "505");
  return fail(Kind::invalid, fmt::format("The message is not valid HTTP: {}.", code.message()),
              "Send an HTTP/1.1 message.", "400");
}

} // namespace

MessageParser::MessageParser(Message message, std::size_t header_bytes, std::uint64_t body_bytes) {
  if (message == Message::request)
    core_ = std::make_unique<BeastParser<true>>(header_bytes, body_bytes, false);
  else
    core_ = std::make_unique<BeastParser<false>>(header_bytes, body_bytes, message == Message::response_without_body);
}

MessageParser::~MessageParser() = default;

Result<> MessageParser::feed(std::string_view bytes) {
  started_ = started_ || !bytes.empty();
  if (pending_.empty()) return advance(bytes);
  pending_.append(bytes);
  const std::string whole = std::exchange(pending_, {});
  return advance(whole);
}

Result<> MessageParser::read_body() {
  body_wanted_ = true;
  core_->eager();
  const std::string held = std::exchange(pending_, {});
  return advance(held);
}

Result<> MessageParser::advance(std::string_view bytes) {
  while (!bytes.empty() && !core_->done() && (!core_->head_done() || body_wanted_)) {
    beast::error_code code;
    const auto used = core_->put(bytes, code);
    bytes.remove_prefix(used);
    if (code == http::error::need_more) break;
    if (code) return refuse(code);
    if (used == 0 && core_->head_done()) break;
  }
  pending_.assign(bytes);
  return {};
}

Result<> MessageParser::feed_end() {
  if (core_->done()) return {};
  if (!started_) return fail(Kind::transient, "The connection ended before a message began.");
  beast::error_code code;
  core_->put_end(code);
  if (code || !core_->done()) return fail(Kind::transient, "The connection ended in the middle of a message.");
  return {};
}

bool MessageParser::head_done() const {
  return core_->head_done();
}
bool MessageParser::done() const {
  return core_->done();
}
bool MessageParser::started() const {
  return started_;
}
bool MessageParser::keep_alive() const {
  return core_->keep_alive();
}
bool MessageParser::http_1_0() const {
  return core_->version < 11;
}
std::string MessageParser::take_body() {
  return std::exchange(core_->body, {});
}
std::string MessageParser::take_rest() {
  return std::exchange(pending_, {});
}
Request MessageParser::take_request() {
  return std::move(core_->request);
}
Response MessageParser::take_response() {
  return std::move(core_->response);
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  beast::detail::sha1_context context;
  beast::detail::init(context);
  beast::detail::update(context, text.data(), text.size());
  std::array<std::uint8_t, 20> digest{};
  beast::detail::finish(context, digest.data());
  return to_base64(digest);
}

} // namespace openclaw::net
