// Which credentials and models rest after a failure, and until when: a pure state machine that is handed the time. A
// failure opens a slot for whoever is to blame, its time over exactly one call is let through, success closes it and
// another failure makes the rest longer.
#pragma once
#include "base/result.hpp"
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::agent {

// What a failed model call says about whom. `overflow` and `request` are about the conversation: nobody rests for them.
enum class FailureClass { request, overflow, auth, billing, rate_limit, missing, overloaded, timeout };
std::string_view failure_class_name(FailureClass failure); // "rate-limit"
std::optional<FailureClass> failure_class_from(std::string_view name);
FailureClass classify(const Error& error);
// The code of errors that no provider made (a full disk): nobody rests for them.
inline constexpr const char* kOurFault = "our-fault";
// Another credential or model may answer. Nobody else is asked when the request itself is wrong.
constexpr bool fails_over(FailureClass failure) {
  return failure != FailureClass::request && failure != FailureClass::overflow;
}
// Retry-After as the dialect passed it on; -1 when the provider named no time.
std::int64_t retry_after_ms(const Error& error);

// Who is called.
struct Callee {
  std::string provider;
  std::string credential; // "" for a server that wants none
  std::string model;
};

// One slot. An empty credential or model means all of them: a refused key is refused for every model, a server that is
// down is down for every key.
struct Rest {
  std::string provider;
  std::string credential;
  std::string model;
  FailureClass failure = FailureClass::overloaded;
  int failures = 0; // in a row
  std::int64_t failed_ms = 0;
  std::int64_t until_ms = 0;
  bool told = false; // the provider named the time itself, so nobody calls before it
  std::string text;  // what it said

  bool same_slot(const Rest& other) const {
    return provider == other.provider && credential == other.credential && model == other.model &&
           failure == other.failure;
  }
};
// How long the `failures`th failure in a row rests when the provider does not say.
std::int64_t rest_ms(FailureClass failure, int failures);

class ModelHealth {
public:
  enum class State { ready, probing, resting }; // probing: its one call is on its way
  struct Verdict {
    State state = State::ready;
    const Rest* because = nullptr; // the slot that lasts longest; valid until the next change
    bool told = false;             // one of the slots that rest must not be called early
    std::int64_t until_ms = 0;
  };
  Verdict judge(const Callee& callee, std::int64_t now_ms) const;

  // A call on its way. While it lives nobody else may probe the slots that it probes; without an outcome (somebody
  // stopped the run) it changes nothing.
  class Call {
  public:
    Call(Call&& other) noexcept;
    Call& operator=(Call&&) = delete;
    ~Call();
    void succeeded();
    void failed(FailureClass failure, std::int64_t told_ms, std::string text, std::int64_t now_ms);

  private:
    friend class ModelHealth;
    Call(ModelHealth& health, Callee callee) : health_(&health), callee_(std::move(callee)) {}
    void release();
    ModelHealth* health_;
    Callee callee_;
    std::vector<std::string> probed_;
  };
  // `early`: nothing else is left, so a rest that was only our guess does not hold it back. Nothing when it must wait.
  std::optional<Call> begin(const Callee& callee, std::int64_t now_ms, bool early);

  std::vector<Rest> rests() const;
  // From an earlier life of the program.
  void restore(std::vector<Rest> rests);
  // Ends the rests of a provider (of all when empty); how many.
  std::size_t forget(std::string_view provider);
  // Told of every slot that opens, grows or closes (`open` false).
  void on_change(std::function<void(const Rest& rest, bool open)> told) { told_ = std::move(told); }

private:
  struct Slot {
    Rest rest;
    bool probing = false;
  };
  static std::string key_of(const Rest& rest);
  // The slots that a call of this callee stands before.
  std::vector<std::string> keys_of(const Callee& callee) const;
  void close(std::string_view key);

  std::map<std::string, Slot, std::less<>> slots_;
  std::function<void(const Rest&, bool)> told_;
};

// One in a list of who could answer, in the order of preference.
struct RouteOption {
  Callee callee;
  bool usable = true; // it has a key, the model is known
  bool tried = false; // and failed in this turn already
};
struct RouteChoice {
  enum class What { call, wait, none } what = What::none;
  std::size_t index = 0;     // of the option to call
  bool early = false;        // it rests, and nothing else is left
  std::int64_t until_ms = 0; // wait: the earliest time that could change something; 0 when a probe's end decides
};
// The first that is not resting; else the one whose guessed rest ends first; else the time to wait for.
RouteChoice choose(const std::vector<RouteOption>& options, const ModelHealth& health, std::int64_t now_ms);

} // namespace openclaw::agent
