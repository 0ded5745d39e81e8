#include "agent/model_health.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
// A failure after a clean day begins a new count.
constexpr std::int64_t kForgiven = 24 * kHour;
constexpr std::size_t kMostSlots = 1000;

struct ClassRow {
  FailureClass failure;
  std::string_view name;
  std::int64_t first_ms;
  std::int64_t factor;
  std::int64_t longest_ms;
  bool all_models; // whom a failure of this class is held against
  bool all_credentials;
};
constexpr std::array<ClassRow, 8> kClasses{{
    {FailureClass::request, "request", 0, 1, 0, false, false},
    {FailureClass::overflow, "overflow", 0, 1, 0, false, false},
    {FailureClass::auth, "auth", kMinute, 5, kHour, true, false},
    {FailureClass::billing, "billing", 5 * kHour, 2, 24 * kHour, true, false},
    {FailureClass::rate_limit, "rate-limit", kMinute, 5, kHour, false, false},
    {FailureClass::missing, "missing", kMinute, 5, kHour, false, false},
    {FailureClass::overloaded, "overloaded", 15 * kSecond, 4, 10 * kMinute, false, true},
    {FailureClass::timeout, "timeout", 15 * kSecond, 4, 10 * kMinute, false, true},
}};

const ClassRow& row_of(FailureClass failure) {
  return kClasses[static_cast<std::size_t>(failure)];
}

Rest slot_for(const Callee& callee, FailureClass failure) {
  const auto& row = row_of(failure);
  Rest rest;
  rest.provider = callee.provider;
  rest.credential = row.all_credentials ? "" : callee.credential;
  rest.model = row.all_models ? "" : callee.model;
  rest.failure = failure;
  return rest;
}

} // namespace

std::string_view failure_class_name(FailureClass failure) {
  return row_of(failure).name;
}

std::optional<FailureClass> failure_class_from(std::string_view name) {
  const auto found = std::ranges::find(kClasses, name, &ClassRow::name);
  return found == kClasses.end() ? std::nullopt : std::optional(found->failure);
}

FailureClass classify(const Error& error) {
  if (error.code == "billing") return FailureClass::billing;
  if (error.code == "context-overflow") return FailureClass::overflow;
  if (error.code == "content-filter" || error.code == "budget" || error.code == kOurFault) return FailureClass::request;
  switch (error.kind) {
  case Kind::denied:
    return FailureClass::auth;
  case Kind::busy:
    // Both have the same kind, but a crowded server is nobody's key.
    return error.message.find(" is overloaded (") == std::string::npos ? FailureClass::rate_limit
                                                                       : FailureClass::overloaded;
  case Kind::missing:
    return FailureClass::missing;
  case Kind::timeout:
    return FailureClass::timeout;
  case Kind::transient:
    return FailureClass::overloaded;
  case Kind::invalid:
  case Kind::conflict:
  case Kind::cancelled:
  case Kind::remote:
  case Kind::bug:
    break;
  }
  return FailureClass::request;
}

std::int64_t retry_after_ms(const Error& error) {
  constexpr std::string_view prefix = "retry-after-ms=";
  if (!error.code.starts_with(prefix)) return -1;
  std::int64_t value = -1;
  std::from_chars(error.code.data() + prefix.size(), error.code.data() + error.code.size(), value);
  return value;
}

std::int64_t rest_ms(FailureClass failure, int failures) {
  const auto& row = row_of(failure);
  auto rest = row.first_ms;
  for (int i = 1; i < failures && rest < row.longest_ms; ++i)
    rest *= row.factor;
  return std::min(rest, row.longest_ms);
}

std::string ModelHealth::key_of(const Rest& rest) {
  return fmt::format("{}\n{}\n{}\n{}", rest.provider, rest.credential, rest.model, failure_class_name(rest.failure));
}

std::vector<std::string> ModelHealth::keys_of(const Callee& callee) const {
  std::vector<std::string> keys;
  for (const auto& row : kClasses) {
    if (!fails_over(row.failure)) continue;
    auto key = key_of(slot_for(callee, row.failure));
    if (slots_.contains(key)) keys.push_back(std::move(key));
  }
  return keys;
}

ModelHealth::Verdict ModelHealth::judge(const Callee& callee, std::int64_t now_ms) const {
  Verdict verdict;
  bool probing = false;
  for (const auto& key : keys_of(callee)) {
    const auto& slot = slots_.find(key)->second;
    probing = probing || slot.probing;
    if (!verdict.because || slot.rest.until_ms > verdict.because->until_ms) verdict.because = &slot.rest;
    if (slot.rest.until_ms <= now_ms) continue;
    verdict.state = State::resting;
    verdict.until_ms = std::max(verdict.until_ms, slot.rest.until_ms);
    verdict.told = verdict.told || slot.rest.told;
  }
  if (probing) verdict.state = State::probing;
  return verdict;
}

std::optional<ModelHealth::Call> ModelHealth::begin(const Callee& callee, std::int64_t now_ms, bool early) {
  const auto verdict = judge(callee, now_ms);
  if (verdict.state == State::probing) return std::nullopt;
  if (verdict.state == State::resting && (verdict.told || !early)) return std::nullopt;
  Call call(*this, callee);
  for (auto& key : keys_of(callee)) {
    slots_.find(key)->second.probing = true;
    call.probed_.push_back(std::move(key));
  }
  return call;
}

ModelHealth::Call::Call(Call&& other) noexcept
    : health_(std::exchange(other.health_, nullptr)), callee_(std::move(other.callee_)),
      probed_(std::move(other.probed_)) {}

ModelHealth::Call::~Call() {
  release();
}

void ModelHealth::Call::release() {
  if (!health_) return;
  for (const auto& key : probed_)
    if (const auto slot = health_->slots_.find(key); slot != health_->slots_.end()) slot->second.probing = false;
  probed_.clear();
  health_ = nullptr;
}

void ModelHealth::Call::succeeded() {
  if (!health_) return;
  for (const auto& key : health_->keys_of(callee_))
    health_->close(key);
  release();
}

void ModelHealth::Call::failed(FailureClass failure, std::int64_t told_ms, std::string text, std::int64_t now_ms) {
  if (!health_) return;
  auto& health = *health_;
  auto rest = slot_for(callee_, failure);
  const auto key = key_of(rest);
  const bool was_probe = std::ranges::find(probed_, key) != probed_.end();
  release();
  if (!fails_over(failure)) return;
  auto& slot = health.slots_[key];
  // Calls that were under way together fail together: that is one failure, not one for each of them.
  const bool together = !was_probe && slot.rest.failures > 0 && now_ms < slot.rest.until_ms;
  const bool forgiven = now_ms - slot.rest.failed_ms > kForgiven;
  rest.failures = slot.rest.failures == 0 || forgiven ? 1 : together ? slot.rest.failures : slot.rest.failures + 1;
  rest.failed_ms = now_ms;
  rest.told = told_ms >= 0;
  rest.until_ms = now_ms + (rest.told ? told_ms : rest_ms(failure, rest.failures));
  rest.text = std::move(text);
  slot.rest = rest;
  if (health.told_) health.told_(rest, true);
  if (health.slots_.size() <= kMostSlots) return;
  const auto oldest =
      std::ranges::min_element(health.slots_, {}, [](const auto& entry) { return entry.second.rest.until_ms; });
  health.close(std::string(oldest->first));
}

void ModelHealth::close(std::string_view key) {
  const auto slot = slots_.find(key);
  if (slot == slots_.end()) return;
  const auto rest = std::move(slot->second.rest);
  slots_.erase(slot);
  if (told_) told_(rest, false);
}

std::vector<Rest> ModelHealth::rests() const {
  std::vector<Rest> rests;
  for (const auto& [key, slot] : slots_)
    rests.push_back(slot.rest);
  return rests;
}

void ModelHealth::restore(std::vector<Rest> rests) {
  for (auto& rest : rests) {
    if (slots_.size() >= kMostSlots) return;
    auto key = key_of(rest);
    slots_[std::move(key)].rest = std::move(rest);
  }
}

std::size_t ModelHealth::forget(std::string_view provider) {
  std::vector<std::string> keys;
  for (const auto& [key, slot] : slots_)
    if (provider.empty() || slot.rest.provider == provider) keys.push_back(key);
  for (const auto& key : keys)
    close(key);
  return keys.size();
}

RouteChoice choose(const std::vector<RouteOption>& options, const ModelHealth& health, std::int64_t now_ms) {
  RouteChoice early;
  std::int64_t soonest = 0;
  RouteChoice wait;
  for (std::size_t index = 0; index < options.size(); ++index) {
    const auto& option = options[index];
    if (!option.usable || option.tried) continue;
    const auto verdict = health.judge(option.callee, now_ms);
    if (verdict.state == ModelHealth::State::ready) return {RouteChoice::What::call, index, false, 0};
    if (verdict.state == ModelHealth::State::resting && !verdict.told) {
      if (early.what == RouteChoice::What::call && soonest <= verdict.until_ms) continue;
      early = {RouteChoice::What::call, index, true, 0};
      soonest = verdict.until_ms;
      continue;
    }
    const auto until = verdict.state == ModelHealth::State::probing ? 0 : verdict.until_ms;
    if (wait.what == RouteChoice::What::none || until < wait.until_ms)
      wait = {RouteChoice::What::wait, index, false, until};
  }
  return early.what == RouteChoice::What::call ? early : wait;
}

} // namespace openclaw::agent
