#include "extensions/channels/whatsapp/sidecar.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

std::string line_of(json::object message) {
  message["jsonrpc"] = "2.0";
  return to_text(message) + "\n";
}

Error lost() {
  return {Kind::transient, "WhatsApp's process ended before it answered.", {}, "ambiguous"};
}

} // namespace

std::optional<std::string> Sidecar::take_line() {
  const auto end = arrived_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = arrived_.size();
    return std::nullopt;
  }
  auto line = arrived_.substr(0, end);
  arrived_.erase(0, end + 1);
  searched_ = 0;
  return line;
}

bool Sidecar::settle(const json::value& message) {
  if (find(message, "method")) return false;
  const auto found = waiting_.find(integer_or(message, "id", -1));
  if (found == waiting_.end()) return true; // it came too late
  const auto waiting = found->second;
  waiting_.erase(found);
  if (const auto* error = find(message, "error")) {
    const auto* data = find(*error, "data");
    waiting->outcome = std::unexpected(Error{Kind::remote,
                                             printable(string_or(*error, "message"), 300),
                                             {},
                                             data ? string_or(*data, "fault") : std::string("transient")});
  } else {
    const auto* result = find(message, "result");
    waiting->outcome = result ? *result : json::value();
  }
  waiting->ready.notify();
  return true;
}

Task<std::optional<json::value>> Sidecar::next(Self self) {
  while (true) {
    while (auto line = self->take_line()) {
      CO_TRY(auto message, parse_json(*line, "line of WhatsApp's process"));
      if (!self->settle(message)) co_return std::optional<json::value>(std::move(message));
    }
    if (self->arrived_.size() > kLongestLine)
      co_return fail(Kind::transient, "WhatsApp's process wrote a line that has no end.");
    CO_TRY(auto piece, co_await self->process_->read_output());
    if (!piece) co_return std::optional<json::value>();
    self->arrived_ += *piece;
  }
}

Task<> Sidecar::pump(Self self) {
  while (true) {
    CO_TRY(auto line, co_await self->lines_.pop());
    if (!line) co_return Result<>{};
    auto written = co_await self->process_->write_input(std::move(*line));
    // Its end is seen where its output is read.
    if (!written) co_return Result<>{};
  }
}

Task<> Sidecar::swallow_errors(Self self) {
  while (true) {
    const auto piece = co_await self->process_->read_error();
    if (!piece || !*piece) co_return Result<>{};
  }
}

Task<json::value> Sidecar::request(Self self, std::string method, json::object params, std::int64_t timeout_ms) {
  if (self->ended_) co_return fail(Kind::transient, "WhatsApp is not connected.", {}, "transient");
  const auto id = ++self->last_request_;
  const auto waiting = std::make_shared<Waiting>(self->executor_);
  self->waiting_.emplace(id, waiting);
  json::object message{{"id", id}, {"method", method}, {"params", std::move(params)}};
  auto text = line_of(std::move(message));
  auto sent = co_await self->lines_.push(std::move(text));
  if (!sent) {
    self->waiting_.erase(id);
    co_return std::unexpected(sent.error().kind == Kind::cancelled && self->ended_ ? lost() : sent.error());
  }
  while (!waiting->outcome) {
    auto waited = co_await waiting->ready.wait_for(timeout_ms);
    if (waiting->outcome) break;
    if (waited) continue;
    self->waiting_.erase(id);
    if (waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
    co_return fail(Kind::timeout, fmt::format("WhatsApp's process did not answer to {}.", method), {}, "ambiguous");
  }
  co_return std::move(*waiting->outcome);
}

Task<> Sidecar::note(std::string method, json::object params) {
  json::object message{{"method", method}, {"params", std::move(params)}};
  auto text = line_of(std::move(message));
  co_return co_await lines_.push(std::move(text));
}

Task<> Sidecar::answer(json::value id) {
  json::object message{{"id", std::move(id)}, {"result", json::object()}};
  auto text = line_of(std::move(message));
  co_return co_await lines_.push(std::move(text));
}

void Sidecar::end() {
  ended_ = true;
  lines_.close();
  for (auto& [id, waiting] : waiting_) {
    waiting->outcome = std::unexpected(lost());
    waiting->ready.notify();
  }
  waiting_.clear();
}

} // namespace openclaw::extensions::whatsapp
