#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "ports/model_call.hpp"
#include <charconv>
#include <chrono>
#include <fmt/core.h>

namespace openclaw::ports {
namespace {

constexpr std::int64_t kLongestWait = 24 * 60 * 60 * 1000;

// What a provider says when it refuses, wherever in its JSON it says it.
struct Refusal {
  int status = 0;
  std::optional<std::int64_t> wait_ms; // Google's RetryInfo
  bool daily_quota = false;            // Google's: waiting a minute does not help
  std::string type;                    // lower case; "code" and "type" of the error, joined
  std::string message;
};

std::string message_in(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list)
      if (auto found = message_in(item); !found.empty()) return found;
    return {};
  }
  for (const auto* key : {"message", "msg", "detail", "error"}) {
    const auto* field = find(value, key);
    if (!field) continue;
    if (field->is_string()) return std::string(field->get_string());
  }
  return {};
}

void add_type(Refusal& refusal, const json::value& value) {
  for (const auto* key : {"code", "type", "status"}) {
    const auto* field = find(value, key);
    if (!field) continue;
    if (field->is_string()) {
      refusal.type += lowercase_ascii(field->get_string()) + " ";
      int number = 0;
      const auto& text = field->get_string();
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
      if (refusal.status == 0 && parsed.ptr == text.data() + text.size() && number >= 400 && number < 600)
        refusal.status = number;
    } else if (const auto number = as_integer(*field);
               number && refusal.status == 0 && *number >= 400 && *number < 600) {
      refusal.status = static_cast<int>(*number);
    }
  }
}

// "37s", "1.5s", "120ms", "6m0s": Google's RetryInfo, OpenAI's x-ratelimit-reset-*, "Please try again in ...".
std::optional<std::int64_t> duration_ms(std::string_view text) {
  double total = 0;
  bool any = false;
  while (!text.empty()) {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || !(value >= 0)) break;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    const auto unit = text.substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
    const double factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : -1;
    if (factor < 0) break;
    total += value * factor;
    any = true;
    text.remove_prefix(unit.size());
  }
  if (!any) return std::nullopt;
  return static_cast<std::int64_t>(std::min(total, static_cast<double>(kLongestWait)));
}

// google.rpc.Status: what to do about it stands in its details.
void add_details(Refusal& refusal, const json::value& error) {
  const auto* details = find(error, "details");
  if (!details || !details->is_array()) return;
  for (const auto& detail : details->get_array()) {
    if (const auto wait = string_or(detail, "retryDelay"); !wait.empty()) refusal.wait_ms = duration_ms(wait);
    if (const auto reason = string_or(detail, "reason"); !reason.empty()) refusal.type += lowercase_ascii(reason) + " ";
    const auto* violations = find(detail, "violations");
    if (!violations || !violations->is_array()) continue;
    for (const auto& violation : violations->get_array())
      if (string_or(violation, "quotaId").find("PerDay") != std::string::npos) refusal.daily_quota = true;
  }
}

Refusal read_refusal(int status, std::string_view body) {
  Refusal refusal;
  refusal.status = status;
  const auto parsed = parse_json(body, "error");
  if (!parsed) {
    const auto start = trim(body);
    refusal.message = start.starts_with("<") ? "(an HTML page)" : std::string(start);
    return refusal;
  }
  const json::value* value = &*parsed;
  if (const auto* list = value->if_array(); list && !list->empty()) value = &list->front();
  if (const auto* error = find(*value, "error"); error && error->is_object()) {
    add_type(refusal, *error);
    add_details(refusal, *error);
    refusal.message = message_in(*error);
  }
  if (refusal.message.empty()) refusal.message = message_in(*value);
  if (refusal.message.empty())
    if (const auto* detail = find(*value, "detail")) refusal.message = message_in(*detail);
  if (refusal.type.empty()) add_type(refusal, *value);
  if (refusal.message.empty()) refusal.message = std::string(trim(body));
  return refusal;
}

int status_of(std::string_view type) {
  struct Row {
    std::string_view word;
    int status;
  };
  constexpr Row rows[] = {{"overloaded", 529},     {"rate_limit", 429},   {"authentication", 401},
                          {"permission", 403},     {"not_found", 404},    {"request_too_large", 413},
                          {"billing", 402},        {"insufficient", 402}, {"context_length", 400},
                          {"exceed_context", 400}, {"invalid_", 400},     {"timeout", 504}};
  for (const auto& row : rows)
    if (type.find(row.word) != std::string_view::npos) return row.status;
  return 500;
}

template <std::size_t N>
bool contains_one(std::string_view text, const std::string_view (&words)[N]) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool is_overflow(const Refusal& refusal, std::string_view lowered) {
  constexpr std::string_view types[] = {"context_length_exceeded", "exceed_context_size", "request_too_large",
                                        "string_above_max_length"};
  constexpr std::string_view words[] = {"maximum context length",
                                        "prompt is too long",
                                        "context window",
                                        "context size",
                                        "context length",
                                        "maximum prompt length",
                                        "reduce the length of the messages",
                                        "exceeds the maximum number of tokens",
                                        "request too large",
                                        "input is too long",
                                        "when context the overflows"};
  if (refusal.status == 429) return lowered.find("request too large") != std::string_view::npos;
  return contains_one(refusal.type, types) || contains_one(lowered, words);
}

bool is_billing(const Refusal& refusal, std::string_view lowered) {
  constexpr std::string_view words[] = {"insufficient_quota",          "credit balance is too low",
                                        "insufficient balance",        "insufficient credits",
                                        "exceeded your current quota", "billing_error",
                                        "billing hard limit",          "out of credits"};
  // Google says the same words about a minute's quota and about a day's.
  if (refusal.type.find("resource_exhausted") != std::string::npos) return refusal.daily_quota;
  return refusal.status == 402 || contains_one(refusal.type, words) || contains_one(lowered, words);
}

bool is_bad_key(const Refusal& refusal, std::string_view lowered) {
  constexpr std::string_view words[] = {"invalid_api_key", "incorrect api key", "api key not valid",
                                        "invalid api key", "api key expired",   "api_key_invalid"};
  return refusal.status == 401 || contains_one(refusal.type, words) || contains_one(lowered, words);
}

std::string key_hint(const ModelEndpoint& endpoint) {
  return fmt::format("Check models.providers.{}.apiKey in openclaw.json, or the provider's environment variable.",
                     endpoint.provider);
}

// Words that begin like the keys of the common providers, for keys that are not this endpoint's.
std::string without_keys(std::string_view text) {
  constexpr std::string_view starts[] = {"sk-", "sk_", "gsk_", "xai-", "AIza", "hf_",
                                         "pk-", "fw_", "csk-", "tgp_", "key-"};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool inside_word =
        at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '_');
    const auto rest = text.substr(at);
    const bool starts_key =
        !inside_word && std::ranges::any_of(starts, [&](auto start) { return rest.starts_with(start); });
    const auto end = rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_*.");
    const auto length = end == std::string_view::npos ? rest.size() : end;
    if (starts_key && length >= 10) {
      out += "[secret]";
      at += length;
    } else {
      out += text[at++];
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 8))
    text.replace(at, what.size(), "[secret]");
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110 lets servers send.
std::optional<std::int64_t> http_date_seconds(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const auto* end = text.data() + at + length;
    const auto parsed = std::from_chars(text.data() + at, end, value);
    return parsed.ptr == end ? value : -1;
  };
  const auto month = months.find(text.substr(8, 3));
  const int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
            second = number(23, 2);
  if (month == std::string_view::npos || month % 3 != 0 || day < 1 || year < 1970 || hour < 0 || minute < 0 ||
      second < 0)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<std::int64_t>(days) * 86'400 + hour * 3'600 + minute * 60 + second;
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !(value >= 0))
    return std::nullopt;
  return value;
}

} // namespace

std::optional<std::int64_t> retry_after_ms(const net::Headers& headers) {
  const auto bounded = [](double milliseconds) {
    return milliseconds >= static_cast<double>(kLongestWait) ? kLongestWait : static_cast<std::int64_t>(milliseconds);
  };
  if (const auto field = headers.find("retry-after-ms"))
    if (const auto value = decimal(trim(*field))) return bounded(*value);
  const auto field = headers.find("retry-after");
  if (!field) return std::nullopt;
  if (const auto value = decimal(trim(*field))) return bounded(*value * 1000);
  const auto until = http_date_seconds(trim(*field));
  const auto date = headers.find("date");
  const auto now = date ? http_date_seconds(trim(*date)) : std::nullopt;
  if (!until || !now) return std::nullopt;
  return std::clamp<std::int64_t>((*until - *now) * 1000, 0, kLongestWait);
}

namespace {

// Without Retry-After: OpenAI's counters (the one that is used up says when it is full again), else its words.
std::optional<std::int64_t> reset_ms(const net::Headers& headers, std::string_view lowered) {
  std::optional<std::int64_t> wait;
  for (const auto* what : {"requests", "tokens"}) {
    const auto left = headers.find(fmt::format("x-ratelimit-remaining-{}", what));
    const auto reset = headers.find(fmt::format("x-ratelimit-reset-{}", what));
    if (!left || !reset || trim(*left) != "0") continue;
    if (const auto until = duration_ms(trim(*reset))) wait = std::max(wait.value_or(0), *until);
  }
  if (wait) return wait;
  for (const std::string_view words : {"try again in ", "retry in "})
    if (const auto at = lowered.find(words); at != std::string_view::npos)
      return duration_ms(lowered.substr(at + words.size()));
  return std::nullopt;
}

} // namespace

std::string quoted(const ModelEndpoint& endpoint, std::string_view text, std::size_t limit) {
  // Enough for any sentence; a megabyte of HTML is not searched for secrets.
  std::string out(text.substr(0, 16 * 1024));
  if (endpoint.api_key.reveal().size() >= 4) replace_all(out, endpoint.api_key.reveal());
  for (const auto& [name, value] : endpoint.headers)
    if (value.size() >= 8) replace_all(out, value);
  return printable(log::redacted(without_keys(out)), limit);
}

Error model_error(const ModelEndpoint& endpoint, std::string_view model, int status, const net::Headers& headers,
                  std::string_view body) {
  auto refusal = read_refusal(status, body.substr(0, 64 * 1024));
  if (refusal.status == 0) refusal.status = status_of(refusal.type);
  const auto lowered = lowercase_ascii(refusal.message);
  const auto words = quoted(endpoint, refusal.message);
  const auto where = status == 0 ? std::string("in its stream") : fmt::format("HTTP {}", status);
  const auto says = [&](std::string_view what) {
    return fmt::format("{} {} ({}){}", endpoint.provider, what, where,
                       words.empty() ? "." : fmt::format(": \"{}\"", words));
  };
  auto wait = retry_after_ms(headers);
  if (!wait) wait = refusal.wait_ms;
  if (!wait && refusal.status == 429) wait = reset_ms(headers, lowered);
  const auto wait_code = wait ? fmt::format("retry-after-ms={}", *wait) : std::string();

  if (is_billing(refusal, lowered))
    return {Kind::denied, says("refused the request because the account has no credit left"),
            fmt::format("Add credit at {}, or choose another model.", endpoint.provider), "billing"};
  if (is_bad_key(refusal, lowered)) return {Kind::denied, says("did not accept the API key"), key_hint(endpoint), {}};
  if (refusal.status == 403 || lowered.find("user location is not supported") != std::string::npos)
    return {
        Kind::denied, says(fmt::format("does not let this API key use {}", printable(model))), key_hint(endpoint), {}};
  if (refusal.status != 404 && is_overflow(refusal, lowered))
    return {Kind::invalid, says(fmt::format("found the conversation too long for {}", printable(model))),
            "Compact the session (/compact), or choose a model with a larger context.", "context-overflow"};
  if (refusal.status == 404 || refusal.type.find("model_not_found") != std::string::npos)
    return {Kind::missing,
            says(fmt::format("does not know the model {}", printable(model))),
            fmt::format("Check the model's name, and models.providers.{}.baseUrl ({}).", endpoint.provider,
                        quoted(endpoint, endpoint.base_url, 200)),
            {}};
  if (refusal.status == 429)
    return {Kind::busy, says("is limiting how many requests it takes"), "It is tried again by itself.", wait_code};
  if (refusal.status == 529 || refusal.type.find("overloaded") != std::string::npos)
    return {Kind::busy, says("is overloaded"), "It is tried again by itself.", wait_code};
  if (refusal.status == 408) return {Kind::timeout, says("gave up waiting"), "It is tried again by itself.", wait_code};
  if (refusal.status >= 500) return {Kind::transient, says("failed"), "It is tried again by itself.", wait_code};
  if (refusal.status >= 400)
    return {Kind::invalid,
            says("found the request wrong"),
            "This is about the conversation or the settings, not about the API key.",
            {}};
  return {Kind::remote,
          says("answered with something else than a reply"),
          fmt::format("Check models.providers.{}.baseUrl ({}).", endpoint.provider,
                      quoted(endpoint, endpoint.base_url, 200)),
          {}};
}

Error cut_stream_error(const ModelEndpoint& endpoint, std::string_view model) {
  return {Kind::transient,
          fmt::format("The reply of {}/{} was cut before its end.", endpoint.provider, printable(model)),
          "It is tried again by itself.",
          {}};
}

Error broken_stream_error(const ModelEndpoint& endpoint, std::string_view why, std::string_view data) {
  return {Kind::transient,
          fmt::format("{} sent a broken reply: {} in \"{}\".", endpoint.provider, why, quoted(endpoint, data, 120)),
          "It is tried again by itself.",
          {}};
}

} // namespace openclaw::ports
