#include "agent/model_router.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kMostRests = 1000;
constexpr std::size_t kMostSessions = 1000;
constexpr std::size_t kShownText = 300;

store::ModelHealthRow row_of(const Rest& rest) {
  return {rest.provider, rest.credential, rest.model,    std::string(failure_class_name(rest.failure)),
          rest.failures, rest.failed_ms,  rest.until_ms, rest.told,
          rest.text};
}

std::string command_for(const Rest& rest) {
  if (rest.failure == FailureClass::auth) return fmt::format("openclaw models auth add {}", rest.provider);
  return fmt::format("openclaw models retry {}", rest.provider);
}

} // namespace

std::string rest_text(const Rest& rest, std::int64_t now_ms) {
  const auto time = iso_time(rest.until_ms);
  const auto at = fmt::format("{} {} UTC", time.substr(0, 10), time.substr(11, 5));
  const auto said = std::string(utf8_prefix(rest.text, kShownText));
  if (rest.until_ms <= now_ms) return fmt::format("its next call is a test after: {}", said);
  return fmt::format("resting until {}{} after: {}", at,
                     rest.failures > 1 ? fmt::format(" ({} failures in a row)", rest.failures) : std::string(), said);
}

ModelRouter::ModelRouter(Models& models, store::Database& database, async::Time& time)
    : models_(models), database_(database), time_(time) {
  health_.on_change([this](const Rest& rest, bool open) {
    auto row = row_of(rest);
    database_.write_later([row = std::move(row), open](store::Connection& connection) {
      return open ? store::save_model_health(connection, row) : store::delete_model_health(connection, row);
    });
  });
}

Result<> ModelRouter::restore() {
  TRY(auto rows, store::read_model_health(database_.reader(), kMostRests));
  std::vector<Rest> rests;
  for (auto& row : rows) {
    const auto failure = failure_class_from(row.failure);
    if (!failure) continue;
    rests.push_back({std::move(row.provider), std::move(row.credential), std::move(row.model), *failure,
                     static_cast<int>(std::clamp<std::int64_t>(row.failures, 1, 1000)), row.failed_ms, row.until_ms,
                     row.told, std::move(row.text)});
  }
  health_.restore(std::move(rests));
  return {};
}

ModelRouter::Session& ModelRouter::session(const std::string& key) {
  if (sessions_.size() >= kMostSessions && !sessions_.contains(key)) sessions_.erase(sessions_.begin());
  return sessions_[key];
}

Task<std::vector<Candidate>> ModelRouter::candidates(std::string agent_id, std::string session_key,
                                                     std::string override_reference) {
  CO_TRY(auto found, co_await models_.candidates(std::move(agent_id), std::move(override_reference)));
  const auto known = sessions_.find(session_key);
  if (known == sessions_.end()) co_return found;
  for (auto first = found.begin(); first != found.end();) {
    const auto last =
        std::find_if(first, found.end(), [&](const auto& one) { return one.reference != first->reference; });
    const auto used = known->second.credentials.find(first->callee().provider);
    if (used != known->second.credentials.end()) {
      const auto warm = std::find_if(
          first, last, [&](const auto& one) { return !one.problem && one.callee().credential == used->second; });
      if (warm != last) std::rotate(first, warm, warm + 1);
    }
    first = last;
  }
  co_return found;
}

void ModelRouter::answered(const std::string& session_key, const Candidate& candidate) {
  const auto callee = candidate.callee();
  if (!callee.credential.empty()) session(session_key).credentials[callee.provider] = callee.credential;
}

bool ModelRouter::is_news(const std::string& session_key, const std::string& first, const std::string& reference) {
  const auto known = sessions_.find(session_key);
  const auto told = known == sessions_.end() ? std::string() : known->second.told;
  const auto now = reference == first ? std::string() : reference;
  if (told == now) return false;
  session(session_key).told = now;
  return true;
}

Task<std::vector<CandidateState>> ModelRouter::why(std::string agent_id, std::string session_key,
                                                   std::string override_reference) {
  CO_TRY(const auto found, co_await candidates(std::move(agent_id), session_key, std::move(override_reference)));
  const auto now = time_.now_ms();
  std::vector<RouteOption> options;
  for (const auto& candidate : found)
    options.push_back({candidate.callee(), !candidate.problem, false});
  const auto next = choose(options, health_, now);
  std::vector<CandidateState> states;
  for (std::size_t index = 0; index < found.size(); ++index) {
    const auto& candidate = found[index];
    CandidateState state;
    state.reference = candidate.reference;
    state.credential = candidate.credential_name;
    const auto verdict = health_.judge(options[index].callee, now);
    const bool is_next = next.what == RouteChoice::What::call && next.index == index;
    if (candidate.problem) {
      state.state = "unusable";
      state.why = candidate.problem->message;
      state.change = candidate.problem->hint;
    } else if (!verdict.because) {
      state.state = is_next ? "next" : "ready";
      state.why = is_next ? "it answers the next message" : "it answers when those before it cannot";
    } else {
      const auto& rest = *verdict.because;
      state.state = is_next                                        ? "next"
                    : verdict.state == ModelHealth::State::resting ? "resting"
                    : verdict.state == ModelHealth::State::probing ? "probing"
                                                                   : "ready";
      state.failure = failure_class_name(rest.failure);
      state.until_ms = rest.until_ms;
      state.failures = rest.failures;
      state.why = verdict.state == ModelHealth::State::probing ? "one call finds out at this moment whether it works"
                                                               : rest_text(rest, now);
      if (is_next && next.early) state.why += ". It is asked all the same, because nothing else is left";
      state.change = command_for(rest);
    }
    states.push_back(std::move(state));
  }
  co_return states;
}

} // namespace openclaw::agent
